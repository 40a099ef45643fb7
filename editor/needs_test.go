package editor_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
)

// The script runs in real shells, and its answer is read.
func TestTheScriptRunsInEveryShell(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"sh", "bash", "zsh"} {
		cmd := exec.CommandContext(t.Context(), shell, "-c", editor.Needs{Command: "sh"}.Script())
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", shell, err)
		}
		f, err := editor.ParseFacts(string(out))
		if err != nil || f.MemoryMiB < 1 || f.DiskMiB < 1 || !strings.HasPrefix(f.Libc, "glibc 2.") || !f.Command {
			t.Errorf("%s: %+v, %v from\n%s", shell, f, err, out)
		}
	}
	out, err := exec.CommandContext(t.Context(), "env", "-i", "HOME=/nowhere", "/bin/sh", "-c", editor.Needs{Command: "no such'command"}.Script()).Output()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := editor.ParseFacts(string(out)); err != nil || f.Command || f.DiskMiB != -1 {
		t.Errorf("without PATH and home: %+v, %v from\n%s", f, err, out)
	}
}

// The command is asked for its release, whatever it does with its input.
func TestTheScriptAsksForTheRelease(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ command, want string }{
		"old":         {"echo 'NVIM v0.7.2'; echo 'Build type: Release'", "0.7.2"},
		"new":         {"cat >/dev/null; echo 'NVIM v0.12.0-dev-12+g1a'", "0.12.0-dev-12+g1a"},
		"fails":       {"exit 1", ""},
		"says little": {"echo NVIM", ""},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "nvim"), []byte("#!/bin/sh\n"+tt.command+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-s")
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		cmd.Stdin = strings.NewReader(editor.Needs{Command: "nvim", Release: "0.9"}.Script())
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f, err := editor.ParseFacts(string(out)); err != nil || !f.Command || f.Release != tt.want {
			t.Errorf("%s: %+v, %v from\n%s", name, f, err, out)
		}
	}
}

// Neovim on this machine is looked at before anything else.
func TestAnOldNeovimHereIsSaidToBe(t *testing.T) { //nolint:paralleltest // it sets PATH
	for name, tt := range map[string]struct{ command, want, hint string }{
		"old":     {"echo 'NVIM v0.7.2'; echo 'Build type: Release'", "is 0.7.2", "--in nvim"},
		"new":     {"echo 'NVIM v0.9.0'", "", ""},
		"newer":   {"echo 'NVIM v0.10.4'; echo more", "", ""},
		"another": {"echo 'my own Neovim'", "", ""},
		"broken":  {"echo 'no \x1b[31mlibrary' >&2; exit 127", "asking Neovim on this machine: exit status 127: no", "--in nvim"},
	} {
		dir := t.TempDir()
		t.Setenv("PATH", dir+":/usr/bin:/bin")
		if err := os.WriteFile(filepath.Join(dir, "nvim"), []byte("#!/bin/sh\n"+tt.command+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		on := fake{goos: "linux", vars: display, path: map[string]string{"ssh": "/s", "nvim": dir + "/nvim"}}
		err := choose(t, on, "nvim-ui").Fit(t.Context())
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\x1b")):
			t.Errorf("%s: %v", name, err)
		case !strings.Contains(workspace.HintOf(err), tt.hint):
			t.Errorf("%s: hint %q", name, workspace.HintOf(err))
		}
		if err := choose(t, on, "nvim").Fit(t.Context()); err != nil {
			t.Errorf("%s: in the workspace: %v", name, err)
		}
	}
}

func TestHostileAnswersAreRefused(t *testing.T) {
	t.Parallel()
	good := "berth-memory 2000\nberth-disk 3000\nberth-libc glibc 2.36\nberth-command yes\nberth-release v0.10.4\n"
	if _, err := editor.ParseFacts("Welcome!\r\n" + good + "\x1b[2J"); err != nil {
		t.Errorf("words of an rc file: %v", err)
	}
	for _, bad := range []string{
		"", "berth-memory 1\n", good + "berth-memory 5\n", good + "berth-command no\n", good + "berth-evil 1\n",
		strings.Replace(good, "2000", "2000; rm", 1), strings.Replace(good, "2000", "-2", 1), strings.Replace(good, "2000", "99999999999999999999", 1),
		strings.Replace(good, "yes", "YES", 1), strings.Replace(good, "2.36", "2.36\x1b[0m", 1), strings.Replace(good, "glibc 2.36", "libc", 1),
		strings.Replace(good, "v0.10.4", "v0.10.4;x", 1), strings.Replace(good, "v0.10.4", "new", 1), strings.Replace(good, "v0.10.4", "0.9\x1b[0m", 1),
		good + "berth-" + strings.Repeat("x", 1<<17),
	} {
		f, err := editor.ParseFacts(bad)
		if err == nil {
			t.Errorf("%.60q gives %+v", bad, f)
		} else if strings.Contains(err.Error(), "\x1b") {
			t.Errorf("the message steers the terminal: %q", err)
		}
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	all := editor.Facts{MemoryMiB: 64 << 10, DiskMiB: 64 << 10, Libc: "glibc 2.36", Command: true, Forwarding: true, SFTP: true}
	on := fake{goos: "linux", vars: display, path: map[string]string{"code": "/c", "ssh": "/s", "nvim": "/n", "zed": "/z"}}
	for name, tt := range map[string]struct {
		editor string
		change func(*editor.Facts)
		text   string // what is missing, and what to change
		fatal  bool
	}{
		"nothing":    {"code", func(*editor.Facts) {}, "", false},
		"unknown":    {"code", func(f *editor.Facts) { f.MemoryMiB, f.DiskMiB, f.Libc = -1, -1, "" }, "", false},
		"memory":     {"code", func(f *editor.Facts) { f.MemoryMiB = 200 }, "200 MiB of memory are free, VS Code wants about 1024 berth edit api --memory", false},
		"disk":       {"code", func(f *editor.Facts) { f.DiskMiB = 0 }, "0 MiB are free at home berth edit api --disk", false},
		"old libc":   {"code", func(f *editor.Facts) { f.Libc = "glibc 2.17" }, "needs glibc 2.28 or newer, the workspace has glibc 2.17 --image", false},
		"musl":       {"code", func(f *editor.Facts) { f.Libc = "musl" }, "the workspace has musl --image", false},
		"forwarding": {"code", func(f *editor.Facts) { f.Forwarding = false }, "carries no ports AllowTcpForwarding yes", true},
		"sftp":       {"zed", func(f *editor.Facts) { f.SFTP = false }, "has no sftp internal-sftp", true},
		"no sftp":    {"code", func(f *editor.Facts) { f.SFTP = false }, "", false},
		"old":        {"nvim-ui", func(f *editor.Facts) { f.Release = "0.7.2" }, "nvim in the workspace is 0.7.2 before 0.9 --in nvim", true},
		"new":        {"nvim-ui", func(f *editor.Facts) { f.Release = "0.10.4" }, "", false},
		"next":       {"nvim-ui", func(f *editor.Facts) { f.Release = "1.0.0-dev" }, "", false},
		"its screen": {"nvim", func(f *editor.Facts) { f.Release = "0.7.2" }, "", false},
		"command":    {"nvim", func(f *editor.Facts) { f.Command = false }, "nvim is not installed in the workspace apt-get install -y neovim", true},
	} {
		f := all
		tt.change(&f)
		missing := choose(t, on, tt.editor).Missing(f, "api")
		if tt.text == "" {
			if len(missing) != 0 {
				t.Errorf("%s: %+v", name, missing)
			}
			continue
		}
		if len(missing) != 1 || missing[0].Fatal != tt.fatal {
			t.Errorf("%s: %+v", name, missing)
			continue
		}
		for word := range strings.FieldsSeq(tt.text) {
			if !strings.Contains(missing[0].Text+" "+missing[0].Next, word) {
				t.Errorf("%s: %+v lacks %q", name, missing[0], word)
			}
		}
	}
}

func TestExtensionsAreAskedForAndInstalled(t *testing.T) {
	t.Parallel()
	dir := script(t, `case $1 in
--list-extensions) cat "$0.have" ;;
--install-extension) echo "$2" >>"$0.have" ;;
esac
`)
	have := filepath.Join(dir, "code.have")
	if err := os.WriteFile(have, []byte("golang.go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := choose(t, fake{goos: "linux", vars: display, path: map[string]string{"code": filepath.Join(dir, "code")}}, "code")
	if ok, err := e.HasExtension(t.Context()); ok || err != nil {
		t.Fatalf("has it: %t, %v", ok, err)
	}
	if got := e.ExtensionCommand(); got != "code --install-extension ms-vscode-remote.remote-ssh" {
		t.Errorf("the command is %q", got)
	}
	if err := e.InstallExtension(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, err := e.HasExtension(t.Context()); !ok || err != nil {
		t.Errorf("has it: %t, %v", ok, err)
	}
	for _, id := range []string{"cursor", "zed", "nvim"} {
		on := fake{goos: "linux", vars: display, path: map[string]string{"cursor": "/c", "zed": "/z", "ssh": "/s", "nvim": "/n"}}
		if ext := choose(t, on, id).Extension(); ext != "" {
			t.Errorf("%s lacks %s", id, ext)
		}
	}
}

// An editor's command that hangs, and one that fails, end the question.
func TestAnEditorThatHangsOrFails(t *testing.T) {
	t.Parallel()
	dir := script(t, "exec sleep 600\n")
	e := choose(t, fake{goos: "linux", vars: display, path: map[string]string{"code": filepath.Join(dir, "code")}}, "code")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := e.HasExtension(ctx); err == nil {
		t.Error("a command that hangs has answered")
	}
	dir = script(t, "echo 'cannot open \x1b[31mdisplay' >&2; exit 5\n")
	e = choose(t, fake{goos: "linux", vars: display, path: map[string]string{"code": filepath.Join(dir, "code")}}, "code")
	_, err := e.HasExtension(t.Context())
	if err == nil || !strings.Contains(err.Error(), "display") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("a command that fails: %v", err)
	}
}
