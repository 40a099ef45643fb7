package connect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

const authority = "api--team-a.ssh.example.com:22"

func options(addr string) connect.Options {
	return connect.Options{
		Address: addr, Authority: authority, Workspace: "api", Timeout: 5 * time.Second,
		Getenv: environment(), // no proxy of this machine's
	}
}

// greetingOf dials and reads the ten bytes that sshd would say first.
func greetingOf(t *testing.T, o connect.Options) (string, error) {
	t.Helper()
	conn, err := connect.Dial(t.Context(), o)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	got := make([]byte, 10)
	n, err := io.ReadFull(conn, got)
	return string(got[:n]), err
}

func TestDialAcceptsEverySuccess(t *testing.T) {
	t.Parallel()
	const interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
	for name, answer := range map[string]string{
		"200":              "HTTP/1.1 200 OK\r\n\r\n",
		"http 1.0":         "HTTP/1.0 200 Connection established\r\n\r\n",
		"204":              "HTTP/1.1 204 No Content\r\n\r\n",
		"299":              "HTTP/1.1 299 Whatever\r\n\r\n",
		"interim answers":  interim + "HTTP/1.1 200 OK\r\n\r\n",
		"meaningless body": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		for _, pieces := range []string{"coalesced", "bytewise"} {
			gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
				_ = sshtest.ReadRequest(conn)
				if pieces == "coalesced" {
					_, _ = io.WriteString(conn, answer+"SSH-2.0-ok")
				} else {
					for _, c := range []byte(answer + "SSH-2.0-ok") {
						_, _ = conn.Write([]byte{c})
					}
				}
				_, _ = io.Copy(io.Discard, conn)
			})
			if got, err := greetingOf(t, options(gateway.Addr)); err != nil || got != "SSH-2.0-ok" {
				t.Errorf("%s %s: got %q, error %v", name, pieces, got, err)
			}
		}
	}
}

func TestDialSendsOneCorrectRequest(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		buf := make([]byte, 4096)
		n, _ := conn.Read(buf)
		got <- string(buf[:n])
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok")
	})
	if _, err := greetingOf(t, options(gateway.Addr)); err != nil {
		t.Fatal(err)
	}
	want := "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\nUser-Agent: berth\r\n\r\n"
	if request := <-got; request != want {
		t.Errorf("request %q, want %q", request, want)
	}
}

func TestDialRefusals(t *testing.T) {
	t.Parallel()
	for status, hint := range map[string]string{
		"301 Moved Permanently": "does not answer as a gateway",
		"400 Bad Request":       "does not answer as a gateway",
		"401 Unauthorized":      "wants a token",
		"403 Forbidden":         "may not reach",
		"404 Not Found":         "`berth ls`",
		"407 Proxy Auth":        "wants a token",
		"429 Too Many Requests": "wait a little",
		"502 Bad Gateway":       "`berth start api`",
		"503 Unavailable":       "`berth why api`",
		"504 Gateway Timeout":   "`berth start api`",
		"101 Switching":         "does not answer as a gateway",
	} {
		gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 "+status+"\r\nLocation: http://192.0.2.1/\r\n\r\nbody"))
		_, err := connect.Dial(t.Context(), options(gateway.Addr))
		var refused *connect.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: error %v, want a refusal", status, err)
			continue
		}
		want := "gateway " + gateway.Addr + " refused " + authority + ": " + status
		if err.Error() != want || !strings.Contains(refused.Hint(), hint) {
			t.Errorf("%s: %q, hint %q; want %q and a hint with %q", status, err, refused.Hint(), want, hint)
		}
		if connect.Unreachable(err) {
			t.Errorf("%s counts as unreachable", status)
		}
	}
}

// TestDialEveryStatus asks a gateway that gives each answer there is: 2xx opens
// the tunnel, an interim one is passed over, and all else is a refusal with a
// next step.
func TestDialEveryStatus(t *testing.T) {
	t.Parallel()
	for status := 100; status <= 599; status++ {
		gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
			if sshtest.ReadRequest(conn) != nil {
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d Word\r\nLocation: http://127.0.0.1:1/\r\n\r\nSSH-2.0-ok", status)
			}
		})
		got, err := greetingOf(t, options(gateway.Addr))
		var refused *connect.RefusedError
		switch {
		case status/100 == 2:
			if err != nil || got != "SSH-2.0-ok" {
				t.Errorf("%d: got %q, error %v", status, got, err)
			}
		case status/100 == 1 && status != 101: // then sshd's greeting stands where the answer should
			requireFault(t, err, connect.StepConnect, connect.FaultNotHTTP)
		case !errors.As(err, &refused) || refused.Status != status || refused.Hint() == "" || connect.Unreachable(err):
			t.Errorf("%d: error %v, want a refusal with a hint", status, err)
		}
	}
}

// A header that comes drop by drop does not wind up the deadline.
func TestDialDoesNotWaitForDrops(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		_ = sshtest.ReadRequest(conn)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nA: ")
		for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
			if _, err := conn.Write([]byte("x")); err != nil {
				tick.Stop()
				return
			}
		}
	})
	o := options(gateway.Addr)
	o.Timeout = 300 * time.Millisecond
	_, err := connect.Dial(t.Context(), o)
	requireFault(t, err, connect.StepConnect, connect.FaultTimeout)
}

func TestDialSanitizesTheReason(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 403 \x1b]52;c;aGk=\x07\xc2\x9b2J\u202e no\r\n\r\n"))
	_, err := connect.Dial(t.Context(), options(gateway.Addr))
	if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("error %q holds what a terminal would obey", err)
	}
}

func TestDialFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		serve func(net.Conn)
		fault connect.Fault
	}{
		"garbage":     {sshtest.Say("\x00\x01\x02 what\r\n"), connect.FaultNotHTTP},
		"ssh itself":  {sshtest.Say("SSH-2.0-OpenSSH_9.2\r\n"), connect.FaultNotHTTP},
		"web page":    {sshtest.Say("<!doctype html><html>"), connect.FaultNotHTTP},
		"malformed":   {sshtest.Say("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), connect.FaultNotHTTP},
		"long header": {sshtest.Say("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), connect.FaultNotHTTP},
		"nothing":     {sshtest.Say(""), connect.FaultTimeout},
		"half":        {sshtest.Say("HTTP/1.1 200 OK\r\n"), connect.FaultTimeout},
		"close":       {func(conn net.Conn) { _ = sshtest.ReadRequest(conn) }, connect.FaultClosed},
		"close midway": {func(conn net.Conn) {
			_ = sshtest.ReadRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		}, connect.FaultClosed},
		"reset": {func(conn net.Conn) {
			_ = sshtest.ReadRequest(conn)
			_ = conn.(*net.TCPConn).SetLinger(0)
		}, connect.FaultReset},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := sshtest.Listen(t, nil, tt.serve)
			o := options(gateway.Addr)
			if tt.fault == connect.FaultTimeout {
				o.Timeout = 200 * time.Millisecond
			}
			_, err := connect.Dial(t.Context(), o)
			requireFault(t, err, connect.StepConnect, tt.fault)
		})
	}
}

func requireFault(t *testing.T, err error, step connect.Step, fault connect.Fault) {
	t.Helper()
	var got *connect.StepError
	if !errors.As(err, &got) || got.Step != step || got.Fault != fault {
		t.Fatalf("error %v, want %q at %q", err, fault, step)
	}
	if got.Hint() == "" || !connect.Unreachable(err) {
		t.Errorf("error %v: hint %q, unreachable %t", err, got.Hint(), connect.Unreachable(err))
	}
}

func TestDialNobodyListens(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	_, err = connect.Dial(t.Context(), options(addr))
	requireFault(t, err, connect.StepDial, connect.FaultRefused)
}

func TestDialUnknownName(t *testing.T) {
	t.Parallel()
	o := options("no-such-host.invalid:22")
	_, err := connect.Dial(t.Context(), o)
	var got *connect.StepError
	if !errors.As(err, &got) || got.Step != connect.StepDial ||
		(got.Fault != connect.FaultDNS && got.Fault != connect.FaultTimeout) {
		t.Errorf("error %v, want an unresolved name", err)
	}
}

func TestDialRefusesForgedAuthorities(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, sshtest.Say("HTTP/1.1 200 OK\r\n\r\n"))
	for _, value := range []string{"a:22\r\nX: y", "a b:22", "a", "a:", "ä:22"} {
		o := options(gateway.Addr)
		o.Authority = value
		if _, err := connect.Dial(t.Context(), o); err == nil {
			t.Errorf("authority %q was sent", value)
		}
	}
	if n := gateway.Count(); n != 0 {
		t.Errorf("%d connections were made", n)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	asked, closed := make(chan bool), make(chan bool)
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		_ = sshtest.ReadRequest(conn)
		close(asked)
		_, _ = io.Copy(io.Discard, conn)
		close(closed)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	o := options(gateway.Addr)
	o.Timeout = time.Minute
	if _, err := connect.Dial(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	<-closed
}

func TestDialTLS(t *testing.T) {
	t.Parallel()
	ca, other := sshtest.NewCA(t), sshtest.NewCA(t)
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	tests := map[string]struct {
		certName   string
		expires    time.Time
		serverName string
		caFile     string
		fault      connect.Fault // "" means success
	}{
		"good":              {"127.0.0.1", later, "", ca.File, ""},
		"good by name":      {"ssh.example.com", later, "ssh.example.com", ca.File, ""},
		"any name":          {"other.example.com", later, "*", ca.File, ""},
		"any name, expired": {"other.example.com", before, "*", ca.File, connect.FaultExpired},
		"any name, foreign": {"other.example.com", later, "*", other.File, connect.FaultUnknownCA},
		"any name, no CA":   {"other.example.com", later, "*", "", connect.FaultCA},
		"expired":           {"127.0.0.1", before, "", ca.File, connect.FaultExpired},
		"wrong name":        {"other.example.com", later, "ssh.example.com", ca.File, connect.FaultWrongName},
		"unknown CA":        {"127.0.0.1", later, "", other.File, connect.FaultUnknownCA},
		"system roots":      {"127.0.0.1", later, "", "", connect.FaultUnknownCA},
		"no such CA file":   {"127.0.0.1", later, "", "/nonexistent/ca.pem", connect.FaultCA},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gateway := sshtest.Listen(t, ca.Server(t, tt.certName, tt.expires), sshtest.Say("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-ok"))
			o := options(gateway.Addr)
			o.TLS, o.ServerName, o.CAFile = true, tt.serverName, tt.caFile
			got, err := greetingOf(t, o)
			if tt.fault != "" {
				requireFault(t, err, connect.StepTLS, tt.fault)
			} else if err != nil || got != "SSH-2.0-ok" {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

func TestDialTLSToAPlainGateway(t *testing.T) {
	t.Parallel()
	gateway := sshtest.Listen(t, nil, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	o := options(gateway.Addr)
	o.TLS = true
	_, err := connect.Dial(t.Context(), o)
	requireFault(t, err, connect.StepTLS, connect.FaultNotTLS)
}
