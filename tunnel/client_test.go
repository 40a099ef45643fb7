package tunnel_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// bound is far more than anything here needs; only a hang reaches it.
const bound = 20 * time.Second

// dialer dials addr directly.
func dialer(addr string) tunnel.Dialer {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}
}

func configFor(server *sshtest.Server) tunnel.Config {
	return tunnel.Config{
		Dial: dialer(server.Addr), User: server.User, HostKey: server.HostKey,
		Keys: tunnel.Keys{Files: []string{server.KeyFile}},
	}
}

// login dials and closes the client with the test.
func login(t *testing.T, config tunnel.Config) *tunnel.Client {
	t.Helper()
	client, err := tunnel.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestExecReturnsTheRemoteCode(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	for line, want := range map[string]int{
		"true": 0, "exit 1": 1, "exit 255": 255, "kill -TERM $$": 143, "kill -KILL $$": 137, "no-such-command": 127,
	} {
		code, err := client.Exec(t.Context(), line, tunnel.Streams{}, nil, nil)
		if err != nil || code != want {
			t.Errorf("%s: code %d, error %v; want %d", line, code, err, want)
		}
	}
}

func TestExecKeepsStreamsApart(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	var out, errs bytes.Buffer
	streams := tunnel.Streams{In: strings.NewReader("in"), Out: &out, Err: &errs}
	code, err := client.Exec(t.Context(), "cat; echo err >&2", streams, nil, nil)
	if err != nil || code != 0 || out.String() != "in" || errs.String() != "err\n" {
		t.Errorf("code %d, error %v, out %q, err %q", code, err, &out, &errs)
	}
}

func TestExecEndsWhileInputStaysOpen(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	in, keep, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = keep.Close() }()
	if code, err := client.Exec(t.Context(), "exit 3", tunnel.Streams{In: in}, nil, nil); err != nil || code != 3 {
		t.Errorf("code %d, error %v", code, err)
	}
	_, _ = io.WriteString(keep, "mine")
	got := make([]byte, 4)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "mine" {
		t.Errorf("read %q, error %v: the command's end swallowed a key", got, err)
	}
}

func TestExecMovesBinaryExactly(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	data := make([]byte, 20_000_000)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(data)
	hash := sha256.New()
	streams := tunnel.Streams{In: bytes.NewReader(data), Out: hash}
	if code, err := client.Exec(t.Context(), "cat", streams, nil, nil); err != nil || code != 0 {
		t.Fatalf("code %d, error %v", code, err)
	}
	if [32]byte(hash.Sum(nil)) != sha256.Sum256(data) {
		t.Error("the bytes that came back differ")
	}
}

func TestExecEndsWithItsContext(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	ctx, cancel := context.WithCancel(t.Context())
	started := writerFunc(func(b []byte) (int, error) { cancel(); return len(b), nil })
	code, err := client.Exec(ctx, "echo up; exec sleep 600", tunnel.Streams{Out: started}, nil, nil)
	if !errors.Is(err, context.Canceled) || code != 255 {
		t.Errorf("code %d, error %v", code, err)
	}
	if code, err := client.Exec(t.Context(), "exit 4", tunnel.Streams{}, nil, nil); err != nil || code != 4 {
		t.Errorf("the next command on the same client: code %d, error %v", code, err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestExecEndsWhenTheOutputCannotBeWritten(t *testing.T) {
	t.Parallel()
	client := login(t, configFor(sshtest.Start(t)))
	broken := errors.New("broken")
	out := writerFunc(func([]byte) (int, error) { return 0, broken })
	if _, err := client.Exec(t.Context(), "yes", tunnel.Streams{Out: out}, nil, nil); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestALostConnectionIsTyped(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		far, err := dialer(server.Addr)(context.Background())
		if err == nil {
			sshtest.Join(conn, far)
		}
	})
	config := configFor(server)
	config.Dial = dialer(gateway.Addr)
	client := login(t, config)
	cut := writerFunc(func(b []byte) (int, error) { gateway.CloseAll(); return len(b), nil })
	code, err := client.Exec(t.Context(), "echo up; exec sleep 600", tunnel.Streams{Out: cut}, nil, nil)
	var lost *tunnel.LostError
	if !errors.As(err, &lost) || code != 255 {
		t.Errorf("code %d, error %v, want a lost connection", code, err)
	}
	<-client.Done()
	if _, err := client.Exec(t.Context(), "true", tunnel.Streams{}, nil, nil); !errors.As(err, &lost) {
		t.Errorf("on a lost connection: error %v", err)
	}
	_ = client.Close()
	if _, err := client.Exec(t.Context(), "true", tunnel.Streams{}, nil, nil); !errors.As(err, &lost) {
		t.Errorf("on a closed client: error %v", err)
	}
}

func TestShellHasATerminalOfTheRightSize(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	config := configFor(server)
	config.Env = []string{"LANG=C.UTF-8", "COLORTERM=truecolor", "SECRET=x"}
	client := login(t, config)
	in, keys := io.Pipe()
	screen := newScreen()
	resize := make(chan tunnel.Size)
	done := make(chan int, 1)
	go func() {
		pty := tunnel.PTY{Term: "vt100", Size: tunnel.Size{Rows: 31, Cols: 97}}
		code, err := client.Shell(t.Context(), tunnel.Streams{In: in, Out: screen}, pty, resize)
		if err != nil {
			t.Error(err)
		}
		done <- code
	}()
	_, _ = io.WriteString(keys, "echo \"T=$TERM L=$LANG C=$COLORTERM S=$SECRET.\" `stty size`\r")
	screen.await(t, "T=vt100 L=C.UTF-8 C=truecolor S=. 31 97")
	resize <- tunnel.Size{Rows: 50, Cols: 120}
	_, _ = io.WriteString(keys, "echo now `stty size`\r")
	screen.await(t, "now 50 120")
	_, _ = io.WriteString(keys, "exit 9\r")
	if code := <-done; code != 9 {
		t.Errorf("exit code %d", code)
	}
}

func TestDialRefusesAWrongHostKey(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	other := sshtest.WriteKey(t, filepath.Join(t.TempDir(), "other"), "")
	config := configFor(server)
	config.HostKey = string(ssh.MarshalAuthorizedKey(other.PublicKey()))
	client, err := tunnel.Dial(t.Context(), config)
	if err == nil {
		_ = client.Close()
	}
	var wrong *tunnel.HostKeyError
	if !errors.As(err, &wrong) {
		t.Fatalf("error %v, want a wrong host key", err)
	}
	pinned, _, _, _, _ := ssh.ParseAuthorizedKey([]byte(server.HostKey))
	if wrong.Want != ssh.FingerprintSHA256(other.PublicKey()) || wrong.Got != ssh.FingerprintSHA256(pinned) {
		t.Errorf("fingerprints %+v", wrong)
	}
	if strings.Contains(server.Log(), "Accepted") {
		t.Error("the login went on")
	}
}

func TestDialAsksForThePinnedKindOfHostKey(t *testing.T) {
	t.Parallel()
	var more []string
	for _, kind := range []string{"rsa", "ecdsa"} {
		path := filepath.Join(t.TempDir(), kind)
		if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
		more = append(more, "HostKey "+path)
	}
	login(t, configFor(sshtest.Start(t, more...)))
}

func TestDialRefusesAnUnreadablePin(t *testing.T) {
	t.Parallel()
	if _, err := tunnel.Dial(t.Context(), tunnel.Config{HostKey: "nonsense"}); workspace.HintOf(err) == "" {
		t.Errorf("error %v has no hint", err)
	}
}

func TestDialNamesTheKeysThatWereRefused(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	stranger := filepath.Join(t.TempDir(), "stranger")
	key := sshtest.WriteKey(t, stranger, "")
	config := configFor(server)
	config.Keys.Files = []string{stranger}
	_, err := tunnel.Dial(t.Context(), config)
	var refused *tunnel.AuthError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), ssh.FingerprintSHA256(key.PublicKey())+" (stranger)") {
		t.Errorf("error %v, want one that names the key", err)
	}
}

func TestDialWithAnEncryptedKey(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	dir := t.TempDir()
	locked, useless := filepath.Join(dir, "locked"), filepath.Join(dir, "useless")
	server.Authorize(t, sshtest.WriteKey(t, locked, "sesame").PublicKey())
	sshtest.WriteKey(t, useless, "other")
	config := configFor(server)
	config.Timeout = 2 * time.Second // the time to answer must not count
	var asked []string
	config.Keys = tunnel.Keys{Files: []string{useless, locked}, Passphrase: func(path string) ([]byte, error) {
		asked = append(asked, path)
		<-time.After(2500 * time.Millisecond) // a person types
		return []byte("sesame"), nil
	}}
	login(t, config)
	if len(asked) != 1 || asked[0] != locked {
		t.Errorf("asked for %q, want only the key that the server accepts", asked)
	}
	config.Keys.Passphrase = func(string) ([]byte, error) { return []byte("wrong"), nil }
	if _, err := tunnel.Dial(t.Context(), config); err == nil || !strings.Contains(err.Error(), locked) {
		t.Errorf("with a wrong passphrase: error %v, want one that names the file", err)
	}
	config.Keys.Passphrase = nil
	var refused *tunnel.AuthError
	if _, err := tunnel.Dial(t.Context(), config); !errors.As(err, &refused) {
		t.Errorf("with nobody to ask: error %v", err)
	}
}

// startAgent serves an agent with keys on a socket.
func startAgent(t *testing.T, files ...string) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.ParseRawPrivateKey(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key, Comment: filepath.Base(path)}); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(t.TempDir(), "agent")
	var config net.ListenConfig
	ln, err := config.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
			go func() { _ = agent.ServeAgent(ring, conn); _ = conn.Close() }()
		}
	}()
	return socket
}

func TestDialWithTheAgent(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	dir := t.TempDir()
	var files []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} { // more than sshd has patience for
		files = append(files, filepath.Join(dir, name))
		sshtest.WriteKey(t, files[len(files)-1], "")
	}
	socket := startAgent(t, append(files, server.KeyFile)...)
	config := configFor(server)
	config.Keys = tunnel.Keys{Agent: socket, Files: []string{server.KeyFile + ".pub"}}
	login(t, config)
	if err := os.Remove(server.KeyFile); err != nil {
		t.Fatal(err)
	}
	login(t, config) // the private half is in the agent alone
	config.Keys = tunnel.Keys{Agent: startAgent(t, append(files[:2:2], filepath.Join(dir, "c"))...)}
	_, err := tunnel.Dial(t.Context(), config)
	var refused *tunnel.AuthError
	if !errors.As(err, &refused) || len(refused.Tried) != 3 || !strings.HasSuffix(refused.Tried[2], "(c)") {
		t.Errorf("error %v, want one that names three keys", err)
	}
}

func TestDialGivesUpOnASilentServer(t *testing.T) {
	t.Parallel()
	silent := sshtest.Listen(t, nil, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	server := sshtest.Start(t)
	config := configFor(server)
	config.Dial, config.Timeout = dialer(silent.Addr), 200*time.Millisecond
	if _, err := tunnel.Dial(t.Context(), config); !errors.Is(err, workspace.ErrUnreachable) {
		t.Errorf("error %v, want unreachable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	config.Timeout = time.Hour
	config.Dial = func(ctx context.Context) (net.Conn, error) { defer cancel(); return dialer(silent.Addr)(ctx) }
	if _, err := tunnel.Dial(ctx, config); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestForAliasClassifiesRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]error{
		"401": workspace.ErrForbidden, "407": workspace.ErrForbidden, "403": workspace.ErrForbidden, "404": workspace.ErrNotFound, "503": workspace.ErrUnreachable, "xyz": workspace.ErrUnreachable,
	} {
		gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 "+status+" no\r\n\r\n"))
		f := alias.File{Transport: alias.Gateway, Address: gateway.Addr, Authority: "api--a.example.com:22", Name: "api"}
		_, err := tunnel.ForAlias(f, nil, nil)(t.Context())
		if !errors.Is(err, want) || workspace.HintOf(err) == "" {
			t.Errorf("%s: error %v, hint %q; want %v and a hint", status, err, workspace.HintOf(err), want)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "LogLevel DEBUG")
	if err := tunnel.Probe(t.Context(), dialer(server.Addr)); err != nil {
		t.Error(err)
	}
	deadline := time.Now().Add(bound)
	for tick := time.NewTicker(20 * time.Millisecond); !strings.Contains(server.Log(), "probe [preauth]"); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("sshd did not see a proper goodbye")
		}
	}
	for name, serve := range map[string]func(net.Conn){
		"closes": func(net.Conn) {},
		"chats":  func(conn net.Conn) { _, _ = io.WriteString(conn, strings.Repeat("hello\r\n", 2000)) },
	} {
		other := sshtest.Listen(t, nil, serve)
		if err := tunnel.Probe(t.Context(), dialer(other.Addr)); !errors.Is(err, workspace.ErrUnreachable) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
