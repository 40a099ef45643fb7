package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNeovimOpensInTheWorkspace opens a real Neovim in a real terminal, by the
// command and by the program, through the alias that ssh has.
func TestNeovimOpensInTheWorkspace(t *testing.T) {
	needProgram(t, "nvim")
	b := newBed(t, "neovim")
	b.want(exitOK, nil, "create", "api", "--wait")
	home := strings.TrimSpace(b.want(exitOK, nil, "ssh", "api", "--", "pwd").stdout)
	s := openScreen(t, 100, 30, b.env, b.berth, "open", "api", "--in", "nvim")
	writeFrom := func(name string) {
		t.Helper()
		s.waitFor("netrw") // Neovim's own view of a folder
		s.text(":call writefile([$SSH_CONNECTION], '" + name + "')")
		s.keys("Enter")
		made := filepath.Join(home, name)
		if _, ok := s.until(screenTimeout, func(string) bool { _, err := os.Stat(made); return err == nil }); !ok {
			t.Fatalf("Neovim is not in the workspace's home: %s is missing", made)
		}
		s.text(":qa!")
		s.keys("Enter")
	}
	writeFrom("by-command")
	s.waitFor("ended with 0")

	s = openScreen(t, 100, 30, b.env, b.berth)
	s.waitFor("● running")
	s.keys("o")
	if _, ok := s.see([]string{"let ssh and editors know"}, true, 2*time.Second); ok {
		s.answer("let ssh and editors know", "Escape")
	}
	s.waitFor("open api in")
	s.text("1")
	writeFrom("by-program")
	s.waitFor("? help")
	s.insist("q", "ended with 0")
}
