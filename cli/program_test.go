package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestProgram walks through the program as a newcomer does, in a small and in
// a large terminal.
func TestProgram(t *testing.T) {
	kubeconfig, bin := testCluster(t)
	for _, size := range []struct{ width, height int }{{80, 24}, {160, 45}} {
		t.Run(fmt.Sprintf("%dx%d", size.width, size.height), func(t *testing.T) {
			env := programEnv(t, kubeconfig, fmt.Sprintf("program-%d", size.width))
			s := openScreen(t, size.width, size.height, env, filepath.Join(bin, "berth"))

			s.waitFor("no workspaces in")
			s.keys("c")
			s.answer("let ssh and editors know", "Enter") // asked once, at the first create
			createByForm(s, "api")
			s.waitFor("● running")

			s.keys("Enter")
			s.waitFor("sandbox workspace") // the shell's greeting
			s.text("echo answer-$((40+2)) > kept; cat kept")
			s.keys("Enter")
			s.waitFor("answer-42")
			s.text("exit")
			s.keys("Enter")
			s.waitFor("● running", "? help")

			before := podOf(s)
			s.insist("r", "restart api?") // keys just after a shell's end may have been meant for it
			s.answer("restart api?", "y")
			s.waitGone(before)
			s.waitFor("● running")

			s.keys("d")
			s.answer("delete api?", "y")
			s.waitFor("no workspaces in")
			s.keys("D")
			s.waitFor("DELETED", "api")
			s.keys("R")
			s.waitFor("no deleted workspaces here") // the view stays, the row has left it
			s.keys("D")
			s.waitFor("● running")
			s.keys("Enter")
			s.waitFor("sandbox workspace")
			s.text("cat kept")
			s.keys("Enter")
			s.waitFor("answer-42")
			s.text("exit")
			s.keys("Enter")
			s.waitFor("? help")
			s.insist("q", "ended with 0")
		})
	}
}

// createByForm fills the form that c opens.
func createByForm(s *screen, name string) {
	s.t.Helper()
	if !strings.Contains(s.tmux("capture-pane", "-p"), "new workspace") {
		s.keys("c")
	}
	s.waitFor("new workspace")
	s.keys("C-u")
	s.text(name)
	s.waitFor("ssh " + name + ".")
	s.keys("C-s")
	s.waitGone("new workspace")
}

// podOf reads the pod's name from the detail pane.
func podOf(s *screen) string {
	s.t.Helper()
	s.waitFor("pod api-")
	for line := range strings.SplitSeq(s.tmux("capture-pane", "-p"), "\n") {
		if _, rest, ok := strings.Cut(line, "pod api-"); ok {
			return "api-" + strings.Fields(rest)[0]
		}
	}
	s.t.Fatal("the detail pane names no pod")
	return ""
}

// TestProgramInAnySize holds that the real program draws in a terminal of 40×10,
// and that a storm of resizes, some too small to draw in, ends in a whole
// screen.
func TestProgramInAnySize(t *testing.T) {
	b := newBed(t, "sizes")
	b.want(exitOK, nil, "create", "api", "--wait")
	s := openScreen(t, 40, 10, b.env, b.berth)
	s.waitFor("berth", "api", "●")
	for i := range 60 {
		s.tmux("resize-window", "-x", fmt.Sprint(2+i*37%180), "-y", fmt.Sprint(1+i*13%50))
	}
	s.tmux("resize-window", "-x", "39", "-y", "9")
	s.waitFor("too small: 39×9")
	s.tmux("resize-window", "-x", "110", "-y", "30")
	s.waitFor("berth", "● running", "pod api-", "? help")
	s.keys("q")
	s.waitFor("ended with 0")
}

// TestPlainProgram holds that the terminal's own cursor follows the focus, as a
// screen reader does, and that nothing is drawn.
func TestPlainProgram(t *testing.T) {
	b := newBed(t, "plain")
	b.want(exitOK, nil, "create", "api", "--wait")
	b.want(exitOK, nil, "create", "web", "--wait")
	s := openScreen(t, 90, 24, b.env, b.berth, "--plain")
	on := func(text string) {
		t.Helper()
		shown, ok := s.until(screenTimeout, func(shown string) bool {
			at, err := strconv.Atoi(strings.TrimSpace(s.tmux("display-message", "-p", "#{cursor_y}")))
			lines := strings.Split(shown, "\n")
			return err == nil && at < len(lines) && strings.Contains(lines[at], text)
		})
		if !ok {
			t.Fatalf("the cursor is not on %q:\n%s", text, shown)
		}
	}
	s.waitFor("api", "web", "running")
	on("> api")
	s.keys("Down")
	on("> web")
	s.keys("d")
	s.waitFor("delete web?")
	on("> cancel")
	if shown := s.tmux("capture-pane", "-p"); strings.ContainsAny(shown, "─│╭●▌▸◐") {
		t.Errorf("something is drawn:\n%s", shown)
	}
	s.keys("Escape")
	on("> web")
	s.keys("q")
	s.waitFor("ended with 0")
}

// TestProgramWithoutCluster holds that the program opens and says what is
// wrong, whatever is wrong with the cluster.
func TestProgramWithoutCluster(t *testing.T) {
	_, bin := testCluster(t)
	for _, test := range []struct{ name, kubeconfig, says string }{
		{"missing", "", "no kubeconfig found"},
		{"broken", "{ not yaml: [", "kubeconfig"},
		{"unreachable", deadKubeconfig, "127.0.0.1:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "kubeconfig")
			if test.kubeconfig != "" {
				if err := os.WriteFile(path, []byte(test.kubeconfig), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := openScreen(t, 100, 30, isolated(t, dir, path), filepath.Join(bin, "berth"))
			s.waitFor(test.says)
			s.keys("q")
			s.waitFor("ended with 0")
		})
	}
}

const deadKubeconfig = `apiVersion: v1
kind: Config
current-context: dead
clusters: [{name: dead, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: dead, context: {cluster: dead, user: dead}}]
users: [{name: dead, user: {token: x}}]
`
