package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// TestTheLastEditorOfAWorkspaceComesFirst: then the settings' one, then the
// others as they were found.
func TestTheLastEditorOfAWorkspaceComesFirst(t *testing.T) {
	home := t.TempDir()
	a := newApp(streams{}, environment{home: home, getenv: func(string) string { return "" }})
	if err := os.MkdirAll(filepath.Dir(a.env.configFile()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(a.env.configFile(), []byte("editor: zed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, neovim, zed := editor.Editor{ID: "code", Name: "VS Code"}, editor.Editor{ID: "nvim", Name: "Neovim", Program: "/opt/nvim"}, editor.Editor{ID: "zed", Name: "Zed"}
	a.rememberEditor(alias.File{Cluster: "k", Namespace: "n", Name: "by-id"}, "nvim", neovim)
	a.rememberEditor(alias.File{Cluster: "k", Namespace: "n", Name: "by-path"}, "/opt/nvim", neovim)
	s := newSessions(newFleet(a))
	s.found = func() []editor.Editor { return []editor.Editor{code, neovim, zed} }
	for name, want := range map[string][]string{
		"by-id":   {"Neovim", "Zed", "VS Code"},
		"by-path": {"Neovim", "Zed", "VS Code"},
		"another": {"Zed", "VS Code", "Neovim"},
	} {
		got := s.Editors(workspace.Workspace{Cluster: "k", Ref: workspace.Ref{Namespace: "n", Name: name}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
