package shells

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/berth-sh/berth/tui/term"
	"github.com/berth-sh/berth/workspace"
)

// lost says something and is then lost.
type lost struct{ io.Reader }

func (lost) Write(b []byte) (int, error) { return len(b), nil }
func (lost) Resize(int, int) error       { return nil }
func (lost) Wait() (int, error)          { return 0, term.ErrLost }
func (lost) Close() error                { return nil }

// losing opens shells that say what they are called.
type losing struct{}

func (losing) OpenShell(_ context.Context, w workspace.Workspace, _ int, _ term.Start) (term.Shell, error) {
	return lost{strings.NewReader("$ vim\r\n" + w.UID)}, nil
}

// TestACutShellSaysSo has connections end after every byte of a sequence. The
// pane says what has happened, and nothing but text and its looks is drawn.
func TestACutShellSaysSo(t *testing.T) {
	styled := regexp.MustCompile("\x1b\\[[0-9;:]*m|\x1b\\]8;[^\x07\x1b]*(\x07|\x1b\\\\)")
	for _, out := range []string{
		"\x1b[?1049h\x1b[2J\x1b[?25l\x1b[1;1H\x1b[31mfile\x1b[K", "\x1b]0;vim\x07\x1b]52;c;aGk=\x07", "\x1bPq#0!10~-\x1b\\\x1b_Gf=24;AAAA\x1b\\", "世界👩‍💻",
	} {
		for cut := range len(out) + 1 {
			d := New(losing{}, 0, time.Now)
			d.Pause = func(int) time.Duration { return time.Hour }
			tab := d.Open(workspace.Workspace{UID: out[:cut], Ref: workspace.Ref{Namespace: "n", Name: "api"}, Status: workspace.Status{Phase: workspace.Running}})
			deadline := time.After(10 * time.Second)
			for tab.Status().Phase != term.Lost {
				select {
				case <-d.Poked():
				case <-deadline:
					t.Fatalf("after %q it is %+v", out[:cut], tab.Status())
				}
			}
			rows, cursor := d.Draw(scene(80))
			text := ansi.Strip(strings.Join(rows, "\n"))
			if cursor != nil || !strings.Contains(text, "✕ disconnected: connection lost · connecting again in") || !strings.Contains(text, "r now, x close") {
				t.Errorf("after %q the pane says:\n%s", out[:cut], text)
			}
			for _, row := range rows {
				if ansi.StringWidth(row) != 80 || strings.ContainsFunc(styled.ReplaceAllString(row, ""), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
					t.Errorf("after %q a row is %q", out[:cut], row)
				}
			}
			<-d.End(false)
		}
	}
}
