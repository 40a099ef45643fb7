//go:build realnode

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// These tests take root, for networks of their own, and a real Envoy: they run
// with those of a real node.

// gatewayPort is that of the Envoy in a network.
const gatewayPort = 8443

// A distant machine has a network between it and its gateway.
type distant struct {
	machine
	*sshtest.Network
	server  *sshtest.Server
	gateway string // host:port
}

// newDistant has an Envoy and an sshd at the far end of a network. host is how
// the client names that.
func newDistant(t testing.TB, network *sshtest.Network, host string, sshd ...string) distant {
	t.Helper()
	d := distant{Network: network, server: sshtest.StartIn(t, network.Server, sshd...), gateway: net.JoinHostPort(host, fmt.Sprint(gatewayPort))}
	sshtest.Envoy(t, sshtest.EnvoyConfig{Namespace: network.Server, Port: gatewayPort, Target: d.server.Addr})
	d.machine = passing(t, alias.File{Transport: alias.Gateway, Address: d.gateway, Authority: authority}, d.server)
	return d
}

// by is the same machine with another ProxyCommand.
func (d distant) by(t testing.TB, reach string) distant {
	t.Helper()
	d.machine = machine{home: d.home, config: d.config + "-other"}
	d.writeConfig(t, d.server, reach)
	return d
}

// copying is the same machine with a helper that copies.
func (d distant) copying(t testing.TB) distant {
	t.Helper()
	program, err := exec.LookPath("berth-connect")
	if err != nil {
		t.Fatal(err)
	}
	return d.by(t, fmt.Sprintf("ProxyCommand %q %s", program, aliasName))
}

// proxytunnel is the same machine with that as helper.
func (d distant) proxytunnel(t testing.TB) distant {
	t.Helper()
	return d.by(t, "ProxyCommand proxytunnel -q -p "+d.gateway+" -d "+authority)
}

// ssh runs the real client in the client's namespace.
func (d distant) ssh(ctx context.Context, args ...string) *exec.Cmd {
	cmd := d.Command(ctx, d.Client, "ssh", append([]string{"-F", d.config}, args...)...)
	cmd.Env = d.command(ctx, "true").Env
	return cmd
}

// requireShell fails unless ssh gets in within a time that only a hang takes.
func (d distant) requireShell(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	begun := time.Now()
	if out, err := d.ssh(ctx, aliasName, "echo", "up").CombinedOutput(); err != nil || string(out) != "up\n" {
		t.Fatalf("output %q, error %v, after %s", out, err, time.Since(begun))
	}
	t.Logf("a shell after %s", time.Since(begun))
}

// The way carries 1280 bytes and says nothing of what it drops. Another client
// shows that this is so.
func TestNetworkThatDropsLargePackets(t *testing.T) {
	t.Parallel()
	network := sshtest.NewNetwork(t, 1280)
	four := newDistant(t, network, network.Server4)
	six := four
	six.machine = passing(t, alias.File{Transport: alias.Gateway, Address: net.JoinHostPort(network.Server6, fmt.Sprint(gatewayPort)), Authority: authority}, four.server)
	for name, d := range map[string]distant{"ipv4": four, "ipv4, copied": four.copying(t), "ipv6": six} {
		t.Run(name, func(t *testing.T) {
			d.requireShell(t)
			data := make([]byte, 3_000_000)
			cmd := d.ssh(t.Context(), aliasName, "head -c 3000000 /dev/zero; wc -c")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = in.Write(data); _ = in.Close() }()
			if out, err := cmd.Output(); err != nil || string(out) != string(data)+"3000000\n" {
				t.Errorf("%d bytes came, error %v", len(out), err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), bound/4)
	defer cancel()
	if out, err := four.proxytunnel(t).ssh(ctx, aliasName, "echo", "up").CombinedOutput(); !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("large packets get through: output %q, error %v", out, err)
	}
}

func TestNetworkWithoutIPv4(t *testing.T) {
	t.Parallel()
	network := sshtest.NewNetwork(t, 1500)
	network.DropIPv4(t)
	network.Name(t, "gateway.test", network.Server6)
	for _, host := range []string{network.Server6, "gateway.test"} {
		t.Run(host, func(t *testing.T) { newDistant(t, network, host).requireShell(t) })
	}
}

// The name has an address of each kind, and nothing comes back from one.
func TestNetworkWithBrokenIPv6(t *testing.T) {
	t.Parallel()
	network := sshtest.NewNetwork(t, 1500)
	network.Name(t, "gateway.test", "fd00:9::1", network.Server4)
	newDistant(t, network, "gateway.test").requireShell(t)
}

// session is one that echoes lines.
type session struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (d distant) session(t testing.TB) *session {
	t.Helper()
	return converse(t, d.ssh(t.Context(), "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=40", aliasName, "cat"))
}

// converse starts a command that echoes lines.
func converse(t testing.TB, cmd *exec.Cmd) *session {
	t.Helper()
	s := &session{cmd: cmd}
	var err error
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.in.Close(); _ = cmd.Wait() }) // its status is that of a session that is over
	if err := s.echo("up\n"); err != nil {
		t.Fatal(err)
	}
	return s
}

// echo says a line and waits for it.
func (s *session) echo(line string) error {
	if _, err := io.WriteString(s.in, line); err != nil {
		return err
	}
	return s.hear(line)
}

func (s *session) hear(line string) error {
	got, err := s.out.ReadString('\n')
	if err == nil && got != line {
		err = fmt.Errorf("heard %q, want %q", got, line)
	}
	return err
}

// A session outlives an outage, and is back before one that leaves the kernel
// to its own devices.
func TestNetworkOutage(t *testing.T) {
	t.Parallel()
	network := sshtest.NewNetwork(t, 1500)
	d := newDistant(t, network, network.Server4)
	ours, plain := d.session(t), d.proxytunnel(t).session(t)
	network.Cut(t)
	for _, s := range []*session{ours, plain} {
		if _, err := io.WriteString(s.in, "typed\n"); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(8 * time.Second) // the outage; the kernel's own retries are then 3 and 6 s apart
	network.Mend(t)
	back := make(chan string, 2)
	for name, s := range map[string]*session{"ours": ours, "plain": plain} {
		go func() {
			if err := s.hear("typed\n"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			back <- name
		}()
	}
	first, second := <-back, <-back
	if first != "ours" && boundsRetries(t) {
		t.Errorf("%s was back before %s", first, second)
	}
}

// boundsRetries reports whether the kernel lets a program bound the time
// between its retries: Linux 6.15 does.
func boundsRetries(t *testing.T) bool {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_RTO_MAX_MS, 1000) == nil
}
