package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/berth-sh/berth/tunnel/transfer"
)

func TestCopySides(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"a b:c":                      "b up [a] [c]",
		"b:c a":                      "b down [a] [c]",
		"b: .":                       "b down [.] []",
		"team/b:/x .":                "team/b down [.] [/x]",
		"b.team.berth:x .":           "b.team.berth down [.] [x]",
		"./a:b c:":                   "c up [./a:b] []",
		"A:b c:":                     "c up [A:b] []",
		"one two c:d":                "c up [one two] [d]",
		"c:one c:two d":              "c down [d] [one two]",
		"a:b c:d":                    "both sides",
		"a b":                        "name the workspace",
		"a b:c d":                    "name the workspace",
		"a:x b:y c":                  "two workspaces",
		"-oProxyCommand=x:y .":       "name the workspace",
		"x y/../../z:w":              "name the workspace",
		"b:with:colon .":             "b down [.] [with:colon]",
		"b:$(reboot) .":              "b down [.] [$(reboot)]",
		"/abs/x:y b:":                "b up [/abs/x:y] []",
		"b:../../../../etc/passwd .": "b down [.] [../../../../etc/passwd]",
	} {
		var o copyOptions
		err := o.sides(strings.Fields(args))
		got := ""
		if err != nil {
			got = err.Error() + " " + hints(err)
			if !strings.Contains(got, want) {
				t.Errorf("%s: error %q, want one with %q", args, got, want)
			}
			continue
		}
		way := "down"
		if o.upload {
			way = "up"
		}
		got = o.workspace + " " + way + " [" + strings.Join(o.local, " ") + "] [" + strings.Join(o.remote, " ") + "]"
		if got != want {
			t.Errorf("%s: %s, want %s", args, got, want)
		}
	}
}

func TestCopyLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		r    transfer.Reading
		rate float64
		want string
	}{
		{transfer.Reading{}, 0, "  looking"},
		{transfer.Reading{Name: "a", Files: 1, Bytes: 4_000_000, BytesDone: 1_000_000}, 500_000, "  █████░░░░░░░░░░░░░░░  25 %  1.0 MB of 4.0 MB  500 kB/s  6 s left  a"},
		{transfer.Reading{Name: "b\x1b[2J", Files: 3, FilesDone: 2, Bytes: 10, BytesDone: 10}, 0, "  ████████████████████ 100 %  10 B of 10 B  0 B/s  2 of 3 files  b\ufffd"},
		{transfer.Reading{Name: "c", Files: 1, Bytes: 3_600_000_000}, 1_000_000, "  ░░░░░░░░░░░░░░░░░░░░   0 %  0 B of 3.6 GB  1.0 MB/s  1 h 00 min left  c"},
		{transfer.Reading{Name: "empty", Files: 1}, 0, "  ████████████████████ 100 %  0 B of 0 B  0 B/s  empty"},
	} {
		if got := copyLine(tt.r, tt.rate); got != tt.want {
			t.Errorf("%+v at %.0f:\n%q\nwant\n%q", tt.r, tt.rate, got, tt.want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB", 1_500_000_000: "1.5 GB", 1 << 62: "4.6 EB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestCopyShowsItsProgressOnATerminal(t *testing.T) {
	t.Parallel()
	b := newBed(t, "copy-progress")
	b.want(0, nil, "create", "api", "--wait")
	source := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(source, make([]byte, 60<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	terminal, err := pty.StartWithSize(b.command(ctx, "cp", source, "api:"), &pty.Winsize{Rows: 24, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	var screen bytes.Buffer
	_, _ = io.Copy(&screen, terminal) // a terminal ends in an error
	for _, want := range []string{"█", "%  ", "of 63 MB", "/s", "big", "1 file, 63 MB in "} {
		if !strings.Contains(screen.String(), want) {
			t.Errorf("the terminal lacks %q:\n%q", want, screen.String())
		}
	}
}

// The ssh under it is killed; the next one goes on.
func TestCopyGoesOnWhereItWasCutShort(t *testing.T) {
	t.Parallel()
	needProgram(t, "ssh")
	b := newBed(t, "copy-resume")
	b.want(0, nil, "create", "api", "--wait")
	data := make([]byte, 80<<20)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "big")
	if err := os.WriteFile(source, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b.want(0, nil, "cp", source, "api:")
	cmd := b.command(t.Context(), "cp", "api:big", filepath.Join(dir, "copy"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	partial := filepath.Join(dir, "copy.berth-partial")
	limit := time.Now().Add(time.Minute)
	for {
		if info, err := os.Stat(partial); err == nil && info.Size() > 1<<20 {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("nothing arrives")
		}
	}
	// Its children: the ssh that carries the files.
	if out, err := exec.CommandContext(t.Context(), "pkill", "-KILL", "-P", strconv.Itoa(cmd.Process.Pid)).CombinedOutput(); err != nil {
		t.Fatalf("killing ssh: %v\n%s", err, out)
	}
	_ = cmd.Wait() // its code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 5 || !strings.Contains(errs.String(), "--resume") {
		t.Fatalf("it ends with %d:\n%s", code, &errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "copy")); err == nil {
		t.Error("half a file has the name of the whole one")
	}
	b.want(0, nil, "cp", "--resume", "api:big", filepath.Join(dir, "copy"))
	got, err := os.ReadFile(filepath.Join(dir, "copy"))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("the copy has %d other bytes, %v", len(got), err)
	}
}
