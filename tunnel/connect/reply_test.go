package connect

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestParseReply(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in     string
		status int // 0: no complete reply
		n      int // -1: the whole input
		err    error
	}{
		"plain":              {"HTTP/1.1 200 OK\r\n\r\n", 200, -1, nil},
		"no reason":          {"HTTP/1.1 200\r\n\r\n", 200, -1, nil},
		"empty reason":       {"HTTP/1.1 204 \r\n\r\n", 204, -1, nil},
		"http 1.0":           {"HTTP/1.0 200 Connection established\r\n\r\n", 200, -1, nil},
		"bare line feeds":    {"HTTP/1.1 200 OK\nA: b\n\n", 200, -1, nil},
		"bytes behind":       {"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n", 200, 19, nil},
		"fields":             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 200, -1, nil},
		"empty value":        {"HTTP/1.1 200 OK\r\nA:\r\n\r\n", 200, -1, nil},
		"nothing yet":        {"", 0, 0, nil},
		"part of protocol":   {"HTT", 0, 0, nil},
		"part of header":     {"HTTP/1.1 200 OK\r\nA: b\r\n", 0, 0, nil},
		"part of greeting":   {"SS", 0, 0, nil},
		"ssh":                {"SSH-2.0-OpenSSH_9.2\r\n", 0, 0, errSSH},
		"other":              {"220 smtp ready\r\n", 0, 0, errNotHTTP},
		"html":               {"<html>", 0, 0, errNotHTTP},
		"http 2":             {"HTTP/2 200\r\n\r\n", 0, 0, errNotHTTP},
		"http 1.2":           {"HTTP/1.2 200 OK\r\n\r\n", 0, 0, errBadReply},
		"two digits":         {"HTTP/1.1 20 OK\r\n\r\n", 0, 0, errBadReply},
		"four digits":        {"HTTP/1.1 2000 OK\r\n\r\n", 0, 0, errBadReply},
		"letters":            {"HTTP/1.1 2x0 OK\r\n\r\n", 0, 0, errBadReply},
		"below 100":          {"HTTP/1.1 099 OK\r\n\r\n", 0, 0, errBadReply},
		"above 599":          {"HTTP/1.1 600 OK\r\n\r\n", 0, 0, errBadReply},
		"no colon":           {"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", 0, 0, errBadReply},
		"no name":            {"HTTP/1.1 200 OK\r\n: b\r\n\r\n", 0, 0, errBadReply},
		"folded":             {"HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", 0, 0, errBadReply},
		"control in name":    {"HTTP/1.1 200 OK\r\nA\x1b: b\r\n\r\n", 0, 0, errBadReply},
		"short status line":  {"HTTP/1.1\r\n\r\n", 0, 0, errBadReply},
		"missing blank":      {"HTTP/1.1-200 OK\r\n\r\n", 0, 0, errBadReply},
		"interim then final": {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100, 25, nil},
	}
	for name, tt := range tests {
		r, n, err := parseReply([]byte(tt.in))
		want := tt.n
		if want == -1 {
			want = len(tt.in)
		}
		if r.status != tt.status || n != want || !errors.Is(err, tt.err) {
			t.Errorf("%s: status %d, length %d, error %v; want %d, %d, %v", name, r.status, n, err, tt.status, want, tt.err)
		}
	}
}

func TestReadReplyKeepsWhatFollows(t *testing.T) {
	t.Parallel()
	const interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	in := interim + interim + "HTTP/1.1 200 OK\r\n\r\n"
	// One byte at a time nothing can follow; in one piece everything does.
	got, rest, err := readReply(buffered{strings.NewReader(in + "SSH-2.0-x\r\n")})
	if err != nil || got.status != 200 || string(rest) != "SSH-2.0-x\r\n" {
		t.Errorf("in one piece: %v, rest %q, error %v", got, rest, err)
	}
	slow := iotest.OneByteReader(strings.NewReader(in + "SSH-2.0-x\r\n"))
	got, rest, err = readReply(buffered{slow})
	if err != nil || got.status != 200 || len(rest) != 0 {
		t.Errorf("byte by byte: %v, rest %q, error %v", got, rest, err)
	}
}

func TestReadReplyCapsTheHeader(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"one header":     "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", maxHeader) + "\r\n\r\n",
		"interim floods": strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", maxHeader/25+1) + "HTTP/1.1 200 OK\r\n\r\n",
	} {
		if _, _, err := readReply(buffered{strings.NewReader(in)}); !errors.Is(err, errLongReply) {
			t.Errorf("%s: error %v, want %v", name, err, errLongReply)
		}
	}
	fits := "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", maxHeader-100) + "\r\n\r\n"
	if _, _, err := readReply(buffered{strings.NewReader(fits)}); err != nil {
		t.Errorf("a header just below the cap: %v", err)
	}
}

func FuzzParseReply(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n", "HTTP/1.0 503 x\nA: b\n\n", "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200\r\n\r\n",
		"SSH-2.0-OpenSSH\r\n", "<html>", "HTTP/1.1 200 OK\r\nA\r\n\r\n", "HTTP/1.1 \x1b[2J\r\n\r\n", "HTTP/1.", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, n, err := parseReply(in)
		if n < 0 || n > len(in) || (err != nil && n != 0) {
			t.Fatalf("length %d of %d, error %v", n, len(in), err)
		}
		if n > 0 && (r.status < 100 || r.status > 599) {
			t.Fatalf("status %d", r.status)
		}
		if n > 0 { // what follows must not change the answer
			again, m, err := parseReply(append(bytes.Clone(in[:n]), "\r\n\r\nHTTP/1.1 500 x\r\n\r\n"...))
			if again != r || m != n || err != nil {
				t.Fatalf("with more behind it: %v length %d error %v, want %v length %d", again, m, err, r, n)
			}
		}
		if err == nil && n == 0 { // an unfinished header must be a prefix of the protocols
			if !matches(in, replyProtocol) && !matches(in, sshProtocol) {
				t.Fatalf("waits for more of %q", in)
			}
		}
		for _, c := range []byte(printable(r.reason)) {
			if c < ' ' || c > '~' {
				t.Fatalf("reason %q is not printable", r.reason)
			}
		}
	})
}
