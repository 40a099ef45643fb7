package sshd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// Environment of a session: the process's own, which the node made from the
// container's, then what SSH adds, then what the client may set.

// clientMaySet reports whether a client may set an environment variable: the
// names that terminals and locales need, as in a usual sshd_config.
func clientMaySet(name string) bool {
	switch {
	case name == "LANG", name == "COLORTERM", name == "EDITOR", name == "GIT_PROTOCOL":
		return true
	case strings.HasPrefix(name, "LC_"), strings.HasPrefix(name, "TERM_PROGRAM"):
		return true
	}
	return false
}

// environ returns the environment of a session.
func (s *session) environ() []string {
	env := append(os.Environ(), "HOME="+s.client.server.Home, "SHELL="+shell())
	remoteHost, remotePort := hostPort(s.client.conn.RemoteAddr())
	localHost, localPort := hostPort(s.client.conn.LocalAddr())
	env = append(env,
		fmt.Sprintf("SSH_CLIENT=%s %s %s", remoteHost, remotePort, localPort),
		fmt.Sprintf("SSH_CONNECTION=%s %s %s %s", remoteHost, remotePort, localHost, localPort))
	if s.terminal != nil {
		env = append(env, "TERM="+s.terminal.term)
	}
	return append(env, s.env...)
}

// hostPort splits an address for SSH_CONNECTION.
func hostPort(a net.Addr) (host, port string) {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "UNKNOWN", "0"
	}
	return host, port
}

// shell returns the login shell: the account's where it can be run.
func shell() string {
	for _, path := range []string{os.Getenv("SHELL"), "/bin/bash"} {
		if !filepath.IsAbs(path) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path
		}
	}
	return "/bin/sh"
}
