package main

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// machines are the transports that one machine has, each with its options of ssh.
func machines(t *testing.T, server *sshtest.Server) map[string]machine {
	t.Helper()
	program, err := exec.LookPath("berth-connect")
	if err != nil {
		t.Fatal(err)
	}
	plain := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	ca := sshtest.NewCA(t)
	secured := sshtest.Listen(t, ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour)), sshtest.Forward(server.Addr, established))
	gateway := alias.File{Transport: alias.Gateway, Address: plain.Addr, Authority: authority}
	overTLS := alias.File{Transport: alias.Gateway, Address: secured.Addr, Authority: authority, TLS: true, CA: ca.File}
	passing := fmt.Sprintf("ProxyCommand %q --fdpass %s\n  ProxyUseFdpass yes", program, aliasName)
	all := map[string]machine{
		"gateway, copied":    newMachine(t, gateway, server, program),
		"gateway, passed":    newMachine(t, gateway, server, program),
		"TLS":                newMachine(t, overTLS, server, program),
		"its own address":    newMachine(t, alias.File{Transport: alias.Direct, Address: server.Addr}, server, program),
		"TLS, asked to pass": newMachine(t, overTLS, server, program),
	}
	for _, name := range []string{"gateway, passed", "TLS, asked to pass"} {
		m := all[name]
		m.writeConfig(t, server, passing)
	}
	return all
}

func TestEditorsWorkOverEveryTransport(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, m := range machines(t, server) {
		t.Run(name, func(t *testing.T) {
			sshtest.EditorSession(t, append(os.Environ(), "HOME="+m.home, "SSH_AUTH_SOCK="), aliasName, "-F", m.config)
		})
	}
}

// Programs with an ssh of their own run the same line, know nothing of passing
// sockets, and give the helper pipes or a pair of sockets for it.
func TestOtherClientsUseTheSameLine(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	program, err := exec.LookPath("berth-connect")
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range machines(t, server) {
		t.Run(name, func(t *testing.T) {
			sshtest.OtherClients(t, sshtest.Client{
				Proxy: fmt.Sprintf("%q --fdpass %s", program, aliasName), User: server.User, HostKey: server.HostKey, KeyFile: server.KeyFile,
				Env: append(os.Environ(), "HOME="+m.home),
			})
		})
	}
}
