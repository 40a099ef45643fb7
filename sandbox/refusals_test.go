package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestUpRefusesATakenPort(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }() // the test's end
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--api-port", "--gateway-port"} {
		t.Run(flag, func(t *testing.T) {
			s := newSandbox(t)
			r := s.run("up", flag, port)
			if r.code != exitConflict {
				t.Errorf("exit code %d, want %d", r.code, exitConflict)
			}
			for _, want := range []string{"port " + port, "another program", "hint: ", flag + " N"} {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("the error does not say %q:\n%s", want, r.stderr)
				}
			}
			s.wantNoProcess()
		})
	}
}

func TestUpRefusesAFolderItCannotWrite(t *testing.T) {
	s := newSandbox(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.runAt(filepath.Join(file, "sandbox"), "up")
	if r.code != exitFailure || !strings.Contains(r.stderr, file) || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("exit code %d, want %d, the path and a hint:\n%s", r.code, exitFailure, r.stderr)
	}
}

func TestSomebodyElsesFolderIsLeftAlone(t *testing.T) {
	s := newSandbox(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "thesis.tex"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"up"}, {"down", "--purge"}} {
		if r := s.runAt(dir, args...); r.code != exitFailure || !strings.Contains(r.stderr, "thesis.tex") {
			t.Errorf("%v: exit code %d, want %d and the file's name:\n%s", args, r.code, exitFailure, r.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "thesis.tex")); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(dir); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the folder changed: %v, %v", after, err)
	}
}

func TestBadUsage(t *testing.T) {
	s := newSandbox(t)
	for _, args := range [][]string{
		{"up", "--api-port", "0"},
		{"up", "--api-port", "65536"},
		{"up", "--api-port", "80x"},
		{"up", "--api-port", "2000", "--gateway-port", "2000"},
		{"up", "-o", "xml"},
		{"up", "now"},
		{"status", "--loud"},
		{"sideways"},
	} {
		if r := s.run(args...); r.code != exitUsage || r.stdout != "" || !strings.HasPrefix(r.stderr, "error: ") {
			t.Errorf("%v: exit code %s, want %d and an error\n%s%s", args, strconv.Itoa(r.code), exitUsage, r.stdout, r.stderr)
		}
	}
}

func TestStatusOfNothing(t *testing.T) {
	s := newSandbox(t)
	if status := s.status(exitStopped); status.State != "stopped" || len(status.Components) != 0 {
		t.Errorf("status %+v, want stopped and empty", status)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("asking for the status made the folder")
	}
}
