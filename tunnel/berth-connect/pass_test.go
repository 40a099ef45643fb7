package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace/alias"
)

// passTo names the sshd that the tests' berth reaches in place of an API
// server.
const passTo = "BERTH_TEST_SSHD"

// resident is the tests' berth where it serves a connection that cannot be
// handed over.
func resident(sshd string) {
	via, name := alias.Transport(os.Args[3]), os.Args[4]
	dir, err := connect.DefaultDir()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(connect.Run(context.Background(), name, connect.Program{
		Dir: dir, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Via: via,
		PortForward: func(ctx context.Context, _ alias.File) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", sshd)
		},
	}))
}

// passing is a machine whose ssh takes connections over.
func passing(t testing.TB, f alias.File, server *sshtest.Server) machine {
	t.Helper()
	m := newMachine(t, f, server, "")
	program, err := exec.LookPath("berth-connect")
	if err != nil {
		t.Fatal(err)
	}
	m.writeConfig(t, server, fmt.Sprintf("ProxyCommand %q --fdpass %s\n  ProxyUseFdpass yes", program, aliasName))
	return m
}

// glued answers CONNECT and says sshd's greeting in one piece.
func glued(target string) func(net.Conn) {
	return func(conn net.Conn) {
		if sshtest.ReadRequest(conn) == nil {
			return
		}
		far, err := new(net.Dialer).DialContext(context.Background(), "tcp", target)
		if err != nil {
			return
		}
		greeting := make([]byte, 512)
		n, err := far.Read(greeting)
		if err != nil {
			return
		}
		if _, err := io.WriteString(conn, established+string(greeting[:n])); err == nil {
			sshtest.Join(conn, far)
		}
	}
}

func TestSSHTakesTheConnectionOver(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, handle := range map[string]func(net.Conn){
		"answer first": sshtest.Forward(server.Addr, established),
		"interim":      sshtest.Forward(server.Addr, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"+established),
		"in one piece": glued(server.Addr),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := sshtest.Listen(t, nil, handle)
			m := passing(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server)
			data := make([]byte, 5_000_000)
			_, _ = rand.NewChaCha8([32]byte{3}).Read(data)
			cmd := m.ssh(t.Context(), aliasName, "cat")
			cmd.Stdin = bytes.NewReader(data)
			out, err := cmd.Output()
			if err != nil || sha256.Sum256(out) != sha256.Sum256(data) {
				t.Errorf("%d bytes came back of %d, or others; error %v", len(out), len(data), err)
			}
		})
	}
}

// children are the processes that ssh has.
func children(t *testing.T, pid int) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-o", "args=", "--ppid", strconv.Itoa(pid)).Output()
	if err != nil && exitCode(err) != 1 {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func TestNoHelperIsLeftInASession(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	f := alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}
	for name, m := range map[string]machine{"passed": passing(t, f, server), "copied": newMachine(t, f, server, "")} {
		cmd := m.ssh(t.Context(), aliasName, "echo up; cat")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stdout, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		if left := children(t, cmd.Process.Pid); (len(left) == 0) != (name == "passed") {
			t.Errorf("%s: ssh has %q", name, left)
		}
		_ = stdin.Close() // ends cat
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be handed over is served by another process, which outlives the
// helper: berth where it goes through the API server, else the helper's own
// program.
func TestWhatCannotBeHandedOverIsServedBesideSSH(t *testing.T) {
	t.Parallel()
	server, ca := sshtest.Start(t), sshtest.NewCA(t)
	secured := sshtest.Listen(t, ca.Server(t, "ssh.example.com", time.Now().Add(time.Hour)), sshtest.Forward(server.Addr, established))
	for name, f := range map[string]alias.File{
		"fallback":     {Transport: alias.Gateway, Address: "127.0.0.1:1", Authority: authority, Kubeconfig: "/k"},
		"TLS":          {Transport: alias.Gateway, Address: secured.Addr, Authority: authority, TLS: true, ServerName: "*", CA: ca.File},
		"TLS fallback": {Transport: alias.Gateway, Address: "127.0.0.1:1", Authority: authority, TLS: true, Kubeconfig: "/k"},
	} {
		m := passing(t, f, server)
		cmd := m.ssh(t.Context(), aliasName, "echo hello; exit 3")
		cmd.Env = append(cmd.Env, passTo+"="+server.Addr)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if out, err := cmd.Output(); exitCode(err) != 3 || string(out) != "hello\n" {
			t.Errorf("%s: output %q, error %v, stderr %s", name, out, err, &stderr)
		}
		if said := strings.Contains(stderr.String(), "using port-forward instead"); said != strings.HasSuffix(name, "fallback") {
			t.Errorf("%s: stderr %q", name, &stderr)
		}
	}
}

// Behind an http or a socks5 proxy the connection is still a plain socket, and
// is handed over. Behind an https proxy, which the environment may name where
// the alias does not, it is copied beside ssh.
func TestSSHTakesConnectionsThroughProxiesOver(t *testing.T) {
	t.Parallel()
	server, ca := sshtest.Start(t), sshtest.NewCA(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	_, port, _ := net.SplitHostPort(gateway.Addr)
	proxy, socks := sshtest.Tinyproxy(t, "me", "s3cret"), sshtest.Microsocks(t, "me", "s3cret")
	secured := sshtest.Listen(t, ca.Server(t, "127.0.0.1", time.Now().Add(time.Hour)), func(conn net.Conn) {
		if far, err := new(net.Dialer).DialContext(context.Background(), "tcp", proxy); err == nil {
			sshtest.Join(conn, far)
		}
	})
	for name, url := range map[string]string{
		"http": "http://me:s3cret@" + proxy, "socks5": "socks5://me:s3cret@" + socks, "https": "https://me:s3cret@" + secured.Addr,
	} {
		for _, from := range []string{"alias", "environment"} {
			t.Run(name+" from "+from, func(t *testing.T) {
				t.Parallel()
				cat := func(url string, in []byte) (out []byte, stderr string, err error) {
					f := alias.File{Transport: alias.Gateway, Address: "0.0.0.0:" + port, Authority: authority} // no loopback address
					env := []string{"NO_PROXY=", "no_proxy=", "https_proxy=", "HTTPS_PROXY=", "SSL_CERT_FILE=" + ca.File}
					if from == "alias" {
						f.Proxy = url
					} else {
						env = append(env, "HTTPS_PROXY="+url)
					}
					cmd := passing(t, f, server).ssh(t.Context(), aliasName, "cat")
					cmd.Env = append(cmd.Env, env...)
					cmd.Stdin = bytes.NewReader(in)
					var errs bytes.Buffer
					cmd.Stderr = &errs
					out, err = cmd.Output()
					return out, errs.String(), err
				}
				data := make([]byte, 3_000_000)
				_, _ = rand.NewChaCha8([32]byte{5}).Read(data)
				if out, stderr, err := cat(url, data); err != nil || sha256.Sum256(out) != sha256.Sum256(data) || stderr != "" {
					t.Errorf("%d bytes came back of %d, or others; error %v, stderr %s", len(out), len(data), err, stderr)
				}
				// The way is through the proxy: with a wrong password there is none.
				_, stderr, err := cat(strings.Replace(url, "s3cret", "wrong", 1), nil)
				if exitCode(err) != 255 || !strings.HasPrefix(stderr, "berth: proxy 127.0.0.1:") || !strings.Contains(stderr, "\nhint: check the user and password") || strings.Contains(stderr, "wrong@") {
					t.Errorf("error %v, stderr %s", err, stderr)
				}
			})
		}
	}
}

func TestAFailedHandOverSaysWhy(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 503 Service Unavailable\r\n\r\n"))
	m := passing(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority, Name: "api"}, server)
	out, err := m.ssh(t.Context(), aliasName, "true").CombinedOutput()
	if want := "berth: gateway " + gateway.Addr + " refused " + authority + ": 503"; exitCode(err) != 255 || !strings.HasPrefix(string(out), want) {
		t.Errorf("error %v, output %s", err, out)
	}
	log, err := os.ReadFile(filepath.Join(m.home, ".ssh", "berth", "connect.log"))
	if err != nil || !strings.Contains(string(log), "503") {
		t.Errorf("the log holds %q, %v", log, err)
	}
}

// Where ssh gives pipes, as without ProxyUseFdpass, the helper copies.
func TestWithoutSocketsItCopies(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, sshtest.Forward(server.Addr, established))
	m := passing(t, alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: authority}, server)
	if out, err := m.ssh(t.Context(), "-o", "ProxyUseFdpass=no", aliasName, "echo", "hello").CombinedOutput(); err != nil || string(out) != "hello\n" {
		t.Errorf("output %q, error %v", out, err)
	}
}
