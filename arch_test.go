package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/berth-sh/berth/"

// maxLines is the longest that a file may be. A file holds one idea; what
// grows beyond this holds two.
const maxLines = 450

// A reachRule forbids packages a dependency, direct or through others.
type reachRule struct {
	packages string // pattern below the module
	never    []string
	why      string
}

// reach is the transitive part of the layout. A prefix ending in "/" matches
// everything below it; any other names one package.
func reach() []reachRule {
	return []reachRule{
		{
			"./workspace/...",
			[]string{"k8s.io/", "charm.land/", "github.com/", "golang.org/x/", "net/http"},
			"the nouns are shared by everyone: what they import, everyone imports",
		},
		{
			"./tui/...",
			[]string{"k8s.io/", "golang.org/x/crypto/ssh", "github.com/spf13/cobra", module + "kube", module + "tunnel", module + "sshconf", module + "editor"},
			"the view draws nouns; a view that reaches a client grows calls that block the screen",
		},
		{
			"./tunnel/...",
			[]string{"k8s.io/", "charm.land/", "github.com/spf13/cobra", module + "kube", module + "tui", module + "sshconf", module + "editor"},
			"a tunnel works over any dialer, so it never knows which cluster, or that there is a screen",
		},
		{
			"./tunnel/connect",
			[]string{"golang.org/x/crypto/ssh", "golang.org/x/net", "encoding/json", "k8s.io/", "net/http", "github.com/spf13/cobra"},
			"it starts once for every ssh connection, and each of these costs milliseconds at start",
		},
		{
			"./tunnel/berth-connect",
			[]string{"golang.org/x/crypto/ssh", "golang.org/x/net", "encoding/json", "k8s.io/", "net/http", "github.com/spf13/cobra"},
			"it starts once for every ssh connection, and each of these costs milliseconds at start",
		},
		{
			"./kube/...",
			[]string{"charm.land/", "github.com/spf13/cobra", module + "tui", module + "tunnel", module + "sshconf", module + "editor"},
			"kube turns nouns into objects and back; how they are shown or dialled is not its business",
		},
		{
			"./sshconf/...",
			[]string{"k8s.io/", "charm.land/", "net/http", "github.com/spf13/cobra", module + "kube", module + "tui", module + "tunnel", module + "editor"},
			"it edits files that every ssh connection depends on and must be readable in one sitting",
		},
		{
			"./editor/...",
			[]string{"k8s.io/", "charm.land/", "golang.org/x/crypto/ssh", "github.com/spf13/cobra", module + "kube", module + "tui", module + "tunnel", module + "sshconf"},
			"an editor needs an alias and nothing else",
		},
		{
			"./assets/...",
			[]string{"k8s.io/", "charm.land/", "github.com/", "golang.org/x/", "net"},
			"assets are bytes",
		},
	}
}

// direct forbids single imports that are harmless further down the tree.
func direct() []reachRule {
	return []reachRule{
		{"./tui/...", []string{"net", "net/http", "os/exec"}, "the view does no I/O of its own; it asks the interfaces that it declares"},
	}
}

func TestImports(t *testing.T) {
	for _, r := range reach() {
		for _, p := range listPackages(t, "-deps", r.packages) {
			forbid(t, r, p.ImportPath, r.packages)
		}
	}
	for _, r := range direct() {
		for _, p := range listPackages(t, r.packages) {
			for _, imported := range p.Imports {
				forbid(t, r, imported, p.ImportPath)
			}
		}
	}
}

func forbid(t *testing.T, r reachRule, imported, from string) {
	t.Helper()
	for _, never := range r.never {
		if strings.HasPrefix(imported, module) != strings.HasPrefix(never, module) {
			continue // "github.com/" means other people's packages
		}
		if imported == never || strings.HasSuffix(never, "/") && strings.HasPrefix(imported, never) ||
			strings.HasPrefix(imported, never+"/") && strings.Contains(never, ".") {
			t.Errorf("%s reaches %s: %s", from, imported, r.why)
		}
	}
}

type listed struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr.String())
	}
	var all []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatalf("go list %v: no packages", args)
	}
	return all
}

// TestGoMod holds that the program can be installed at a version: go install
// refuses a module with replace or exclude lines.
func TestGoMod(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct{ Replace, Exclude []json.RawMessage }
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace)+len(mod.Exclude) > 0 {
		t.Error("go.mod has replace or exclude lines: `go install ...@version` would refuse it")
	}
}

// TestSource walks every module's source: one package comment for each
// package, no init, no file too long to read.
func TestSource(t *testing.T) {
	docs := map[string][]string{} // package folder → files with a package comment
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (name == "testdata" || strings.HasPrefix(name, ".") || name == "bin" || name == "out") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			checkFile(t, path, docs)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, files := range docs {
		if len(files) != 1 {
			t.Errorf("package in %s has %d package comments %v, want exactly one", dir, len(files), files)
		}
	}
}

func checkFile(t *testing.T, path string, docs map[string][]string) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(source, []byte("\n")); n > maxLines {
		t.Errorf("%s has %d lines, at most %d are readable", path, n, maxLines)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			t.Errorf("%s has an init function: what runs before main cannot be ordered, tested or left out", path)
		}
	}
	if strings.HasSuffix(path, "_test.go") || ast.IsGenerated(file) {
		return
	}
	dir := filepath.Dir(path)
	if file.Doc != nil {
		docs[dir] = append(docs[dir], filepath.Base(path))
	} else if docs[dir] == nil {
		docs[dir] = []string{}
	}
}
