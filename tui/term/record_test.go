//go:build unix

package term

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

var record = flag.Bool("record", false, "record programs anew, into testdata/recordings; needs vim, less, htop, and root for a namespace")

// TestRecord writes what programs send to a terminal of 80×24, so that the
// other tests need none of them.
func TestRecord(t *testing.T) {
	if !*record {
		return // nothing is tested here
	}
	dir := t.TempDir()
	text := filepath.Join(dir, "poem.txt")
	var b strings.Builder
	for i := range 120 {
		b.WriteString(strings.Repeat("the quick brown fox ", 1+i%7) + "\n")
	}
	b.WriteString("世界 \tcafé\te\u0301 👩‍💻 end\n")
	if err := os.WriteFile(text, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		argv []string
		keys []string
	}{
		"vim":        {[]string{"vim", "-u", "NONE", "-N", "-c", "set nu ruler hls nomodeline", "poem.txt"}, []string{"jjj", "\x06", "/fox\r", "n", "G", "ihello\x1b", ":sp\r", "\x17j", "dd", "gg", "V5jd", ":vs\r", "\x05\x05\x05", ":set list\r"}},
		"vim-syntax": {[]string{"vim", "-u", "NONE", "-N", "-c", "syntax on", "-c", "set termguicolors bg=dark", "-c", "colorscheme desert", "main.go"}, []string{"jjjj", "o// x\x1b", "v3j", "\x1b", ":q!\r"}},
		"less":       {[]string{"less", "-R", "poem.txt"}, []string{" ", " ", "b", "/brown\r", "n", "G", "jjjj", "kkkk"}},
		"less-quit":  {[]string{"less", "-R", "poem.txt"}, []string{" ", "q"}},
		"htop":       {[]string{"unshare", "-pfm", "--mount-proc", "htop", "-d", "5"}, []string{"jj", "t", "\x1bOQ", "\x1b\x1b", "I", "u", "\x1b"}},
		"top":        {[]string{"unshare", "-pfm", "--mount-proc", "top", "-d", "1"}, []string{"1", "c", "z"}},
		"bash":       {[]string{"bash", "--norc", "--noprofile", "-i"}, []string{"echo a long line of words that wraps over the edge of the screen when it is typed here and goes on\r", "\x1b[A\x01\x1bfXY", "\x15", "printf '%s\\n' {1..40}\r", "clear\r", "ls --color=always /usr/share | head -30 | column\r", "\x12long\x07", "echo wo\x1bbrd\x05\x17\r"}},
		"dialog":     {[]string{"bash", "-c", `printf 'a\nb\n'; tput smcup; tput cup 5 5; tput smacs; printf 'lqqqk'; tput cup 6 5; printf 'x   x'; tput rmacs; tput rev; printf menu; tput sgr0; tput ech 4; tput hpa 30; printf x; tput vpa 10; printf y; tput csr 3 8; tput cup 8 0; printf '\n\n\nz'; tput ri; tput indn 2; tput il 1; tput dl 2; read -r _; tput rmcup; printf 'back\n'`}, []string{"\r"}},
	} {
		t.Run(name, func(t *testing.T) {
			source := "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"hello\", 42) // greet\n}\n"
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), test.argv[0], test.argv[1:]...)
			cmd.Dir = dir
			cmd.Env = []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + dir, "PS1=$ ", "SHELL=/bin/sh"}
			out := watchProgram(t, cmd, 24, 80, test.keys)
			if err := os.MkdirAll("testdata/recordings", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join("testdata/recordings", name), out, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestRecordRedraws writes what programs send to draw a screen of 120×40.
func TestRecordRedraws(t *testing.T) {
	if !*record {
		return // nothing is tested here
	}
	dir := t.TempDir()
	var b strings.Builder
	for i := range 200 {
		b.WriteString("func f" + strings.Repeat("oo", i%20) + "(a int, b string) error { return fmt.Errorf(\"%d of %s\", a, b) } // and so on\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, argv := range map[string][]string{
		"vim":  {"vim", "-u", "NONE", "-N", "-c", "syntax on", "-c", "set nu termguicolors bg=dark", "-c", "colorscheme desert", "main.go"},
		"htop": {"unshare", "-pfm", "--mount-proc", "htop", "-d", "600"},
	} {
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Dir = dir
		cmd.Env = []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LC_ALL=C.UTF-8", "PATH=" + os.Getenv("PATH"), "HOME=" + dir}
		if err := os.WriteFile(filepath.Join("testdata/redraws", name), watchProgram(t, cmd, 40, 120, nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// watchProgram runs a program, presses keys whenever it is quiet, and returns
// what it has printed.
func watchProgram(t *testing.T, cmd *exec.Cmd, rows, cols int, keys []string) []byte {
	t.Helper()
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	pieces := make(chan []byte)
	go func() {
		defer close(pieces)
		for {
			b := make([]byte, 32<<10)
			n, err := p.Read(b)
			if n > 0 {
				pieces <- b[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	const quiet, noisy = 300 * time.Millisecond, 2 * time.Second
	var out []byte
	answers := newScreen(rows, cols, 1)
	for {
		end := time.After(noisy)
	listen:
		for {
			select {
			case b, ok := <-pieces:
				if !ok {
					return out
				}
				out = append(out, b...)
				answers.Write(b)
				if _, err := p.Write(answers.Replies()); err != nil {
					return out
				}
			case <-time.After(quiet):
				break listen
			case <-end:
				break listen
			}
		}
		if len(keys) == 0 {
			return out
		}
		if _, err := p.WriteString(keys[0]); err != nil {
			return out
		}
		keys = keys[1:]
	}
}
