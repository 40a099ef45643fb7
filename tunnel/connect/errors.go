package connect

import (
	"fmt"
	"strings"
)

// Step is the part of Dial that failed, as it reads in a message.
type Step string

// The steps, in their order.
const (
	StepDial    Step = "dialling"
	StepTLS     Step = "tls"
	StepConnect Step = "asking for the tunnel"
	StepCopy    Step = "the connection" // after Dial
)

// Fault is what went wrong in a step.
type Fault string

// The faults. Callers decide on Step and on the error's type; the fault is
// for the sentence.
const (
	FaultAddress    Fault = "bad address"
	FaultDNS        Fault = "the name does not resolve"
	FaultRefused    Fault = "connection refused"
	FaultUnroutable Fault = "no route to it"
	FaultTimeout    Fault = "no answer in time"
	FaultReset      Fault = "connection reset"
	FaultClosed     Fault = "closed without an answer"
	FaultNotTLS     Fault = "it does not speak tls"
	FaultExpired    Fault = "its certificate is outside its dates"
	FaultWrongName  Fault = "its certificate is for another name"
	FaultUnknownCA  Fault = "its certificate is signed by an unknown authority"
	FaultCA         Fault = "bad CA settings"
	FaultNotHTTP    Fault = "it does not answer as a gateway"
	FaultNotSSH     Fault = "a web page answers where sshd should"
	FaultSilent     Fault = "closed before sshd said a word"
	FaultOther      Fault = "failed"
)

// StepError is returned where the gateway, or sshd in the case of a direct
// address, could not be reached or understood.
type StepError struct {
	Hop       string // "gateway HOST:PORT" or "workspace at HOST:PORT"
	Workspace string // the workspace's name, "" when unknown
	Step      Step
	Fault     Fault
	Err       error // the cause; its text is not safe to show
}

// Error names the hop, the step, the fault and the cause, fit for a terminal.
func (e *StepError) Error() string {
	text := e.Hop + ": " + string(e.Step) + ": " + string(e.Fault)
	if e.Err == nil {
		return text
	}
	return text + " (" + printable(e.Err.Error()) + ")"
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Hint returns the next step.
func (e *StepError) Hint() string {
	switch e.Fault {
	case FaultDNS:
		return "check the network and the gateway's name; `berth ssh-config install` renews the alias"
	case FaultRefused, FaultUnroutable, FaultTimeout, FaultReset, FaultClosed:
		return "check the network (vpn, firewall), then whether the gateway runs"
	case FaultExpired:
		return "check this machine's clock, then ask the gateway's administrator for a new certificate"
	case FaultWrongName, FaultUnknownCA, FaultCA:
		return "the gateway's CA or name has changed, or something in between answers: `berth ssh-config install` renews the alias"
	case FaultSilent:
		return "the workspace may be stopping or not ready: `berth why " + orName(e.Workspace) + "`"
	case FaultAddress, FaultNotTLS, FaultNotHTTP, FaultNotSSH, FaultOther:
	}
	return "check the gateway's address; `berth ssh-config install` renews the alias"
}

// RefusedError is returned where a gateway answered CONNECT with anything but
// 2xx. Redirects are answers like any other: none is followed.
type RefusedError struct {
	Hop       string // "gateway HOST:PORT"
	Authority string // what was asked for
	Workspace string // the workspace's name, "" when unknown
	Status    int
	Reason    string // the gateway's words, fit for a terminal
}

// Error names the hop, the authority and the status.
func (e *RefusedError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s refused %s: %d %s", e.Hop, printable(e.Authority), e.Status, e.Reason))
}

// Hint returns the next step for the status.
func (e *RefusedError) Hint() string {
	name := orName(e.Workspace)
	switch e.Status {
	case 401, 403:
		return "you may not reach this workspace through this gateway: ask its administrator"
	case 404:
		return "no such workspace or no route to it: `berth ls` shows what there is"
	case 407:
		return "a proxy on the way wants credentials, which berth does not have: ask its administrator for a direct way"
	case 429:
		return "the gateway limits connections: wait a little and try again"
	case 502, 503, 504:
		return "the workspace is stopped or not ready: `berth start " + name + "`, or `berth why " + name + "`"
	}
	return "this address does not answer as a gateway: check it, then `berth ssh-config install` renews the alias"
}

// orName stands for a workspace's name in a command to type.
func orName(name string) string {
	if name == "" {
		return "NAME"
	}
	return printable(name)
}

// printable returns s with everything but printable ASCII replaced, and cut
// at a length that suits one line. What a gateway says is hostile; words of
// the protocol are ASCII.
func printable(s string) string {
	const limit = 300
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
