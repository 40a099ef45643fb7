package cli

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/tui"
)

func TestLookFile(t *testing.T) {
	look := tui.Look{Sort: "AGE", Reverse: true, Group: "label team", Hidden: "IMAGE,NODE", Tab: "logs", Split: 60}
	for name, test := range map[string]struct {
		file string // "" for none
		want tui.Look
		says string // in the log
		kept bool   // what is kept afterwards replaces the file
	}{
		"none":    {"", tui.Look{}, "", true},
		"good":    {`{"version": 1, "list": {"sort": "UP", "unknown": 3}, "more": {}}`, tui.Look{Sort: "UP"}, "", true},
		"corrupt": {`{"version": 1, "list": {"so`, tui.Look{}, "not remembered", true},
		"foreign": {`[1, 2]`, tui.Look{}, "not remembered", true},
		"newer":   {`{"version": 7, "list": {"sort": "UP"}}`, tui.Look{}, "version 7", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			m := &lookFile{path: filepath.Join(t.TempDir(), "berth", "program.json"), log: slog.New(slog.NewTextHandler(&log, nil))}
			if test.file != "" {
				if err := os.MkdirAll(filepath.Dir(m.path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(m.path, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(test.want, m.Recall()); diff != "" {
				t.Errorf("recalled (-want +got):\n%s", diff)
			}
			if !strings.Contains(log.String(), test.says) || test.says == "" && log.Len() > 0 {
				t.Errorf("the log says %q", log.String())
			}
			if err := m.Keep(t.Context(), look); err != nil {
				t.Fatal(err)
			}
			again := (&lookFile{path: m.path, log: m.log}).Recall()
			if kept := cmp.Equal(look, again); kept != test.kept {
				t.Errorf("afterwards it recalls %+v", again)
			}
		})
	}
}
