package bundle

// A stanza for people without berth: what ssh needs is in the text, and what
// it needs beside it (a known_hosts line, a CA, a program) in its comments.

import (
	"net"
	"slices"
	"strings"

	"github.com/berth-sh/berth/workspace/alias"
)

// caFile is where the stanza's reader is asked to put the gateway's CA.
const caFile = "~/.ssh/berth-gateway-ca.pem"

// SSHConfig is the stanza. It works with proxytunnel where there is a gateway.
func (b Bundle) SSHConfig() []byte {
	var s strings.Builder
	step := func(lines ...string) {
		s.WriteString("#\n")
		for _, line := range lines {
			s.WriteString(strings.TrimRight("# "+line, " ") + "\n")
		}
	}
	s.WriteString("# Workspace " + b.Alias + ", by plain ssh: ssh " + b.Alias + "\n")
	step("1. Put everything below at the top of ~/.ssh/config.")
	step("2. Add this line to ~/.ssh/known_hosts. ssh asks nothing, and refuses any other key:",
		"", "     "+b.Alias+" "+b.HostKey)
	n := 3
	next := func(text string, more ...string) {
		step(append([]string{string(rune('0'+n)) + ". " + text}, more...)...)
		n++
	}
	if b.Transport == alias.Gateway {
		next("Install proxytunnel: apt, dnf, pacman or brew install proxytunnel.")
	}
	if ca := b.CA(); ca != "" {
		var lines []string
		for line := range strings.Lines(ca) {
			lines = append(lines, "     "+strings.TrimRight(line, "\r\n"))
		}
		next("Save the gateway's CA as "+caFile+", without the signs before each line:", append([]string{""}, lines...)...)
		if b.TLS.ServerName != "" {
			step("   Where the gateway's certificate carries another name than its address,", "   proxytunnel refuses it, and berth does not.")
		}
	}
	if slices.Contains(b.Wants, Token) {
		next("The gateway wants a token from you: put it into a file of your own with", "   Proxy-Authorization: Bearer TOKEN", "   and add -H \"$(cat FILE)\" to the ProxyCommand.")
	}
	if slices.Contains(b.Wants, ClientCertificate) {
		next("The gateway wants a certificate from you, which proxytunnel cannot show: use berth.")
	}
	next("Have one of your public keys let into the workspace.")
	s.WriteString("Host " + b.Alias + "\n")
	for _, line := range b.keywords() {
		s.WriteString("  " + line + "\n")
	}
	return []byte(s.String())
}

// keywords are the lines of the stanza. All values have passed their grammar,
// which has nothing that ssh or a shell would read as anything else.
func (b Bundle) keywords() []string {
	host, port := b.Alias, "22"
	var proxy []string
	if b.Transport == alias.Direct {
		host, port, _ = net.SplitHostPort(b.Address) // checked
	} else {
		proxy = []string{"ProxyCommand " + b.proxytunnel(), "ProxyUseFdpass no"}
	}
	lines := []string{"HostName " + host, "Port " + port, "User " + b.User}
	lines = append(lines, proxy...)
	return append(lines,
		"HostKeyAlias "+b.Alias,
		"StrictHostKeyChecking yes",
		"HostKeyAlgorithms ssh-ed25519",
		"ServerAliveInterval 15",
		"ServerAliveCountMax 40")
}

// proxytunnel is the command that asks the gateway: -p is the gateway, -E
// speaks TLS to it, -d is what CONNECT names.
func (b Bundle) proxytunnel() string {
	args := []string{"proxytunnel", "-q", "-p", shellWord(b.Address)}
	if b.TLS != nil {
		args = append(args, "-E")
		if b.TLS.CA != "" {
			args = append(args, "-C", caFile)
		}
	}
	return strings.Join(append(args, "-d", shellWord(b.Authority)), " ")
}

// shellWord quotes the brackets of an IPv6 address, which shells take for a
// pattern.
func shellWord(address string) string {
	if strings.HasPrefix(address, "[") {
		return `"` + address + `"`
	}
	return address
}
