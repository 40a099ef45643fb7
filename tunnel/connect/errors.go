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
	FaultNotSOCKS   Fault = "it does not answer as a socks 5 proxy"
	FaultNotSSH     Fault = "a web page answers where sshd should"
	FaultSilent     Fault = "closed before sshd said a word"
	FaultOther      Fault = "failed"
)

// hungUp reports whether f says no more than that nobody is there any more.
func (f Fault) hungUp() bool { return f == FaultReset || f == FaultClosed }

// StepError is returned where the gateway, a proxy before it, or sshd in the
// case of a direct address, could not be reached or understood.
type StepError struct {
	Hop       string // "gateway HOST:PORT", "proxy HOST:PORT" or "workspace at HOST:PORT"
	Workspace string // the workspace's name, "" when unknown
	Step      Step
	Fault     Fault
	Err       error // the cause; its text is not safe to show

	proxy *proxy // where that is the hop
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
	if e.proxy != nil {
		return "check the network and the proxy's address, which comes from " + e.proxy.source()
	}
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
	case FaultAddress, FaultNotTLS, FaultNotHTTP, FaultNotSOCKS, FaultNotSSH, FaultOther:
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
	Token     bool   // whether a token was sent along
}

// Error names the hop, the authority and the status.
func (e *RefusedError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("%s refused %s: %d %s", e.Hop, printable(e.Authority), e.Status, e.Reason))
}

// Hint returns the next step for the status.
func (e *RefusedError) Hint() string {
	name := orName(e.Workspace)
	switch e.Status {
	case 401, 407:
		if e.Token {
			return "the gateway does not take this token, which may have expired: get a new one, or ask the gateway's administrator"
		}
		return "the gateway wants a token: name it as tokenFile or tokenCommand in berth's settings"
	case 403:
		if e.Token {
			return "the gateway lets nobody in with this token, which may be for another audience: ask its administrator"
		}
		return "you may not reach this workspace through this gateway: ask its administrator"
	case 404:
		return "no such workspace or no route to it: `berth ls` shows what there is"
	case 429:
		return "the gateway limits connections: wait a little and try again"
	case 502, 503, 504:
		return "the workspace is stopped or not ready: `berth start " + name + "`, or `berth why " + name + "`"
	}
	return "this address does not answer as a gateway: check it, then `berth ssh-config install` renews the alias"
}

// ProxyError is returned where the proxy before the gateway refused to go on.
type ProxyError struct {
	Hop    string // "proxy HOST:PORT"
	Target string // what it was asked for
	Status int    // of HTTP; 0 for SOCKS
	Reason string // fit for a terminal

	hint string
}

// Error names the proxy, what it was asked for, and its reason.
func (e *ProxyError) Error() string {
	return e.Hop + " refused " + printable(e.Target) + ": " + e.Reason
}

// Hint returns the next step.
func (e *ProxyError) Hint() string { return e.hint }

// CredentialError is returned where what shows the gateway who we are is
// missing, unreadable or refused. Another way would hide that, so there is none.
type CredentialError struct {
	Hop     string // "gateway HOST:PORT"
	What    string // what is wrong, fit for a terminal
	Err     error  // the cause, or nil; its text is not safe to show
	Refused bool   // whether the gateway has said no

	hint string
}

// Error names the hop and what is wrong.
func (e *CredentialError) Error() string {
	text := e.Hop + ": " + e.What
	if e.Err == nil {
		return text
	}
	return text + " (" + printable(e.Err.Error()) + ")"
}

// Unwrap returns the cause.
func (e *CredentialError) Unwrap() error { return e.Err }

// Hint returns the next step.
func (e *CredentialError) Hint() string { return e.hint }

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
