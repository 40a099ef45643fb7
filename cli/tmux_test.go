package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// screenTimeout is how long a screen may take to show what is waited for. It
// bounds failure only: success is noticed within a frame or two.
const screenTimeout = 30 * time.Second

// screen is the program inside a real terminal: a tmux server of its own.
type screen struct {
	t      *testing.T
	socket string
}

// openScreen starts argv in a terminal of a size.
func openScreen(t *testing.T, width, height int, env []string, argv ...string) *screen {
	t.Helper()
	needProgram(t, "tmux")
	s := &screen{t: t, socket: filepath.Join(t.TempDir(), "tmux")}
	// -f /dev/null: the developer's own settings stay out of it.
	args := []string{"-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	// The shell outlives the program, so that its exit code can be read.
	args = append(args, strings.Join(argv, " ")+`; echo "ended with $?"; exec sleep 600`)
	s.tmux(args...)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = exec.CommandContext(ctx, "tmux", "-S", s.socket, "kill-server").Run() // it may have ended
	})
	return s
}

func (s *screen) tmux(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// keys presses keys by their tmux names.
func (s *screen) keys(keys ...string) {
	s.t.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// text types text as it is.
func (s *screen) text(text string) {
	s.t.Helper()
	s.tmux("send-keys", "-l", text)
}

// waitFor waits until the screen shows every text.
func (s *screen) waitFor(texts ...string) {
	s.t.Helper()
	s.wait("to show", texts, true)
}

// waitGone waits until the screen shows none of the texts.
func (s *screen) waitGone(texts ...string) {
	s.t.Helper()
	s.wait("to lose", texts, false)
}

// answer presses key until the dialog with the question is gone: a dialog
// ignores keys for a moment after it opens.
func (s *screen) answer(question, key string) {
	s.t.Helper()
	s.waitFor(question)
	for range 20 {
		s.keys(key)
		if _, ok := s.see([]string{question}, false, 500*time.Millisecond); ok {
			return
		}
	}
	s.t.Fatalf("the dialog %q does not take %s", question, key)
}

// insist presses key until the screen shows text.
func (s *screen) insist(key, text string) {
	s.t.Helper()
	for range 20 {
		s.keys(key)
		if _, ok := s.see([]string{text}, true, 500*time.Millisecond); ok {
			return
		}
	}
	s.t.Fatalf("%s does not lead to %q", key, text)
}

func (s *screen) wait(what string, texts []string, present bool) {
	s.t.Helper()
	if shown, ok := s.see(texts, present, screenTimeout); !ok {
		s.t.Fatalf("waiting for the screen %s %q:\n%s", what, texts, shown)
	}
}

// see polls the screen until it shows every text, or none.
func (s *screen) see(texts []string, present bool, patience time.Duration) (shown string, ok bool) {
	s.t.Helper()
	return s.until(patience, func(shown string) bool {
		for _, text := range texts {
			if strings.Contains(shown, text) != present {
				return false
			}
		}
		return true
	})
}

// until polls the screen until it is as wanted.
func (s *screen) until(patience time.Duration, wanted func(shown string) bool) (shown string, ok bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if shown = s.tmux("capture-pane", "-p"); wanted(shown) {
			return shown, true
		}
		select {
		case <-poll.C:
		case <-deadline.C:
			return shown, false
		}
	}
}

// programEnv is the surroundings of one program: a home of its own and a
// namespace of its own.
func programEnv(t testing.TB, kubeconfig, namespace string) []string {
	t.Helper()
	if err := makeNamespace(kubeconfig, namespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeNamespace(kubeconfig, namespace) })
	dir := t.TempDir()
	path, err := namespacedKubeconfig(kubeconfig, namespace, dir)
	if err != nil {
		t.Fatal(err)
	}
	return isolated(t, dir, path)
}

// isolated keeps the developer's own files out of a test.
func isolated(t testing.TB, dir, kubeconfig string) []string {
	t.Helper()
	home := filepath.Join(dir, "home")
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	return []string{
		"HOME=" + home, "KUBECONFIG=" + kubeconfig, "SSH_AUTH_SOCK=", "SHELL=/bin/sh", "TERM=tmux-256color",
		"XDG_STATE_HOME=" + home + "/state", "XDG_CONFIG_HOME=" + home + "/config", "XDG_CACHE_HOME=" + home + "/cache",
	}
}
