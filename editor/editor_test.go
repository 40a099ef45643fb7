package editor_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
)

// fake is a machine: its commands in PATH, files and variables.
type fake struct {
	goos  string
	path  map[string]string
	files []string
	vars  map[string]string
}

func (f fake) env() editor.Env {
	return editor.Env{
		GOOS:   f.goos,
		Getenv: func(name string) string { return f.vars[name] },
		LookPath: func(name string) (string, error) {
			if p := f.path[name]; p != "" {
				return p, nil
			}
			return "", exec.ErrNotFound
		},
		Exists:  func(path string) bool { return slices.Contains(f.files, path) },
		OpenURL: func(string) error { return nil },
	}
}

var display = map[string]string{"DISPLAY": ":0", "HOME": "/home/dev"}

func TestFind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		on   fake
		want []string // ID and program
	}{
		"nothing": {fake{goos: "linux"}, nil},
		"path": {
			fake{goos: "linux", path: map[string]string{"codium": "/usr/bin/codium", "code": "/usr/bin/code", "ssh": "/usr/bin/ssh", "nvim": "/usr/bin/nvim"}},
			[]string{"code /usr/bin/code", "codium /usr/bin/codium", "nvim ssh", "nvim-ui ssh"},
		},
		"terminal editor without ssh": {fake{goos: "linux", path: map[string]string{"vim": "/usr/bin/vim"}}, nil},
		"linux places": {
			fake{goos: "linux", files: []string{"/var/lib/flatpak/exports/bin/com.visualstudio.code"}},
			[]string{"code /var/lib/flatpak/exports/bin/com.visualstudio.code"},
		},
		"linux handler without a command": {
			fake{goos: "linux", vars: display, files: []string{"/home/dev/.local/share/applications/cursor-url-handler.desktop"}},
			[]string{"cursor "},
		},
		"macOS": {
			fake{goos: "darwin", vars: display, files: []string{
				"/Applications/Cursor.app/Contents/Resources/app/bin/cursor",
				"/home/dev/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code",
			}},
			[]string{
				"code /home/dev/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code",
				"cursor /Applications/Cursor.app/Contents/Resources/app/bin/cursor",
			},
		},
		"windows": {
			fake{
				goos: "windows", vars: map[string]string{"LOCALAPPDATA": `C:\L`, "ProgramFiles": `C:\P`},
				path:  map[string]string{"code": `D:\VS\bin\code.CMD`, "windsurf": `D:\W\bin\windsurf.cmd`},
				files: []string{`D:\VS\Code.exe`, `C:\P\VSCodium\VSCodium.exe`},
			},
			[]string{`code D:\VS\Code.exe`, `codium C:\P\VSCodium\VSCodium.exe`},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, e := range editor.Find(tt.on.env()) {
				got = append(got, e.ID+" "+e.Program)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	both := map[string]string{"code": "/bin/code", "cursor": "/bin/cursor", "ssh": "/bin/ssh"}
	tests := map[string]struct {
		name, variable, want string
		path                 map[string]string
	}{
		"first found":               {"", "", "code /bin/code", both},
		"variable":                  {"", "cursor", "cursor /bin/cursor", both},
		"name beats variable":       {"code", "cursor", "code /bin/code", both},
		"other spelling":            {"vscode", "", "code /bin/code", both},
		"named without command":     {"windsurf", "", "windsurf ", both},
		"terminal editor by name":   {"neovim", "", "nvim ssh", both},
		"terminal editor unasked":   {"", "", "hx ssh", map[string]string{"ssh": "/bin/ssh", "hx": "/bin/hx"}},
		"windows before a terminal": {"", "", "cursor /bin/cursor", map[string]string{"ssh": "/s", "nvim": "/n", "cursor": "/bin/cursor"}},
	}
	for name, tt := range tests {
		on := fake{goos: "linux", path: tt.path, vars: map[string]string{editor.EnvVar: tt.variable}}
		e, err := editor.Choose(on.env(), tt.name)
		if got := e.ID + " " + e.Program; err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, tt.want)
		}
	}
}

func TestChooseExplainsFailure(t *testing.T) {
	t.Parallel()
	on := fake{goos: "darwin", vars: display}
	_, err := editor.Choose(on.env(), "")
	if !errors.Is(err, workspace.ErrNotFound) || workspace.HintOf(err) == "" {
		t.Fatalf("error %v", err)
	}
	for _, place := range []string{"code in PATH", "/Applications/Visual Studio Code.app", "/home/dev/Applications/Cursor.app", "nvim in PATH"} {
		if !strings.Contains(err.Error(), place) {
			t.Errorf("%q is not among the places of: %v", place, err)
		}
	}
	_, err = editor.Choose(on.env(), "emacs\x1b")
	if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(workspace.HintOf(err), "nvim") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("unknown editor: %v, hint %q", err, workspace.HintOf(err))
	}
	on.vars = map[string]string{editor.EnvVar: "ed"}
	if _, err = editor.Choose(on.env(), ""); !strings.Contains(workspace.HintOf(err), editor.EnvVar) {
		t.Errorf("unknown editor in the variable: hint %q", workspace.HintOf(err))
	}
	if _, err = editor.Choose(on.env(), "nvim"); !errors.Is(err, workspace.ErrNotFound) {
		t.Errorf("neovim without ssh: %v", err)
	}
}

func choose(t *testing.T, on fake, name string) editor.Editor {
	t.Helper()
	e, err := editor.Choose(on.env(), name)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestPlan(t *testing.T) {
	t.Parallel()
	on := fake{goos: "linux", vars: display, path: map[string]string{"code": "/opt/code", "ssh": "/bin/ssh"}}
	const home = "vscode-remote://ssh-remote+api.team-a.berth/home/dev/"
	target := editor.Target{Alias: "api.team-a.berth", Path: "/home/dev"}
	tests := map[string]struct {
		editor, path string
		sshArgs      []string
		want         editor.Launch
	}{
		"command": {"code", "/home/dev", nil, editor.Launch{
			Argv: []string{"/opt/code", "--new-window", "--folder-uri=" + home},
			Copy: "code --new-window --folder-uri=" + home,
		}},
		"command, odd path": {"code", "/a b/ü%#?/../c&d", nil, editor.Launch{
			Argv: []string{"/opt/code", "--new-window", "--folder-uri=vscode-remote://ssh-remote+api.team-a.berth/a%20b/c&d/"},
			Copy: "code --new-window '--folder-uri=vscode-remote://ssh-remote+api.team-a.berth/a%20b/c&d/'",
		}},
		"command, root": {"code", "/", nil, editor.Launch{
			Argv: []string{"/opt/code", "--new-window", "--folder-uri=vscode-remote://ssh-remote+api.team-a.berth/"},
			Copy: "code --new-window --folder-uri=vscode-remote://ssh-remote+api.team-a.berth/",
		}},
		"url": {"cursor", "/ü?#%", nil, editor.Launch{
			URL:  "cursor://vscode-remote/ssh-remote+api.team-a.berth/%C3%BC%3F%23%25/?windowId=_blank",
			Copy: "cursor://vscode-remote/ssh-remote+api.team-a.berth/%C3%BC%3F%23%25/?windowId=_blank",
		}},
		"terminal": {"nvim", "/home/dev", nil, editor.Launch{
			Argv: []string{"ssh", "-t", "api.team-a.berth", "--", "nvim", "/home/dev"}, Terminal: true,
			Copy: "ssh -t api.team-a.berth -- nvim /home/dev",
		}},
		"terminal, own config": {"vim", "/home/dev", []string{"-F", "/h/my config"}, editor.Launch{
			Argv: []string{"ssh", "-F", "/h/my config", "-t", "api.team-a.berth", "--", "vim", "/home/dev"}, Terminal: true,
			Copy: "ssh -F '/h/my config' -t api.team-a.berth -- vim /home/dev",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := target
			target.Path, target.SSHArgs = tt.path, tt.sshArgs
			got, err := choose(t, on, tt.editor).Plan(target)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreUnexported(editor.Launch{})); diff != "" {
				t.Errorf("launch (-want +got):\n%s", diff)
			}
		})
	}
	for _, bad := range []editor.Target{
		{Alias: "-oProxyCommand=x", Path: "/"},
		{Alias: "API.team-a.berth", Path: "/"},
		{Alias: target.Alias, Path: "relative"},
		{Alias: target.Alias, Path: ""},
		{Alias: target.Alias, Path: "/a\nb"},
		{Alias: target.Alias, Path: "/a\x1b[0m"},
		{Alias: target.Alias, Path: "/\xff"},
	} {
		if l, err := choose(t, on, "code").Plan(bad); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("Plan(%+v) = %+v, %v", bad, l, err)
		}
	}
}

// The workspace's shell must hand the editor the very path.
func TestPathsSurviveTheRemoteShell(t *testing.T) {
	t.Parallel()
	on := fake{goos: "linux", path: map[string]string{"ssh": "/bin/ssh"}}
	for _, shell := range []string{"sh", "bash", "zsh", "fish"} {
		program, err := exec.LookPath(shell)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/a b", `/it's`, `/b\s\'t`, "/$(touch x)`y`", "/*;&|<>#~!", `/"q"`, "/{a,b}?"} {
			l, err := choose(t, on, "nvim").Plan(editor.Target{Alias: "api.team-a.berth", Path: path})
			if err != nil {
				t.Fatal(err)
			}
			word := l.Argv[len(l.Argv)-1]
			out, err := exec.CommandContext(t.Context(), program, "-c", "printf %s "+word).CombinedOutput()
			if err != nil || string(out) != path {
				t.Errorf("%s makes %q of %s, %v", shell, out, word, err)
			}
		}
	}
}

func TestNoWindowWithoutAScreen(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]fake{
		"ssh":        {goos: "darwin", vars: map[string]string{"SSH_CONNECTION": "1 2 3 4"}},
		"no display": {goos: "linux"},
	} {
		on.path = map[string]string{"code": "/nonexistent/code"}
		l, err := choose(t, on, "code").Plan(editor.Target{Alias: "api.team-a.berth", Path: "/"})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Start(t.Context())
		var headless *editor.HeadlessError
		if !errors.As(err, &headless) || headless.Reason == "" {
			t.Fatalf("%s: %v", name, err)
		}
		if !strings.HasPrefix(headless.Command, "code --new-window") || !strings.HasPrefix(headless.URL, "vscode://") {
			t.Errorf("%s: %+v", name, headless)
		}
		if hint := workspace.HintOf(err); !strings.Contains(hint, headless.Command) || !strings.Contains(hint, headless.URL) {
			t.Errorf("%s: hint %q", name, hint)
		}
	}
}

// script puts a command named code into a PATH of its own.
func script(t *testing.T, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "code"), []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func plan(t *testing.T, dir string) editor.Launch {
	t.Helper()
	on := fake{goos: "linux", vars: display, path: map[string]string{"code": filepath.Join(dir, "code")}}
	l, err := choose(t, on, "").Plan(editor.Target{Alias: "api.team-a.berth", Path: "/home/dev/my code"})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStartRunsTheCommandDetached(t *testing.T) {
	t.Parallel()
	dir := script(t, `{ for a; do echo "$a"; done; ps -o sid= -p $$; [ -t 0 ] && echo tty; echo done; } > "$0.log" 2>&1`+"\n")
	if err := plan(t, dir).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "code.log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	want := []string{"--new-window", "--folder-uri=vscode-remote://ssh-remote+api.team-a.berth/home/dev/my%20code/"}
	if len(lines) != 4 || !slices.Equal(lines[:2], want) || lines[3] != "done" {
		t.Fatalf("the command saw %q", lines)
	}
	mine, err := exec.CommandContext(t.Context(), "ps", "-o", "sid=", "-p", strconv.Itoa(os.Getpid())).Output()
	if err != nil || strings.TrimSpace(string(mine)) == strings.TrimSpace(lines[2]) {
		t.Error("the editor is in our session")
	}
}

func TestStartTellsWhyTheEditorEnded(t *testing.T) {
	t.Parallel()
	dir := script(t, `printf 'no \033[31mextension\n' >&2; exit 3`+"\n")
	err := plan(t, dir).Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "extension") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("error %q", err)
	}
	if !strings.Contains(workspace.HintOf(err), "code --new-window") {
		t.Errorf("hint %q", workspace.HintOf(err))
	}
	if err := plan(t, t.TempDir()).Start(t.Context()); err == nil {
		t.Error("a missing command was started")
	}
}

func TestStartLeavesARunningEditorAlone(t *testing.T) {
	t.Parallel()
	dir := script(t, `echo start > "$0.log"; read -r _ < "$0.go"; echo end > "$0.log"`+"\n")
	pipe := filepath.Join(dir, "code.go")
	if out, err := exec.CommandContext(t.Context(), "mkfifo", pipe).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := plan(t, dir).Start(ctx); err != nil {
		t.Fatal(err)
	}
	cancel() // as when berth quits
	if err := os.WriteFile(pipe, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		data, err := os.ReadFile(filepath.Join(dir, "code.log"))
		if err == nil && string(data) == "end\n" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the editor wrote %q, %v", data, err)
		}
	}
}

func TestURLIsOpened(t *testing.T) {
	t.Parallel()
	on := fake{goos: "darwin"}
	env := on.env()
	opened := make(chan string, 1)
	fail := error(nil)
	env.OpenURL = func(url string) error {
		opened <- url
		return fail
	}
	for _, fail = range []error{nil, errors.New("no handler")} {
		e, err := editor.Choose(env, "codium")
		if err != nil {
			t.Fatal(err)
		}
		l, err := e.Plan(editor.Target{Alias: "api.team-a.berth", Path: "/"})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Start(t.Context())
		if got := <-opened; got != "vscodium://vscode-remote/ssh-remote+api.team-a.berth/?windowId=_blank" {
			t.Errorf("opened %s", got)
		}
		if !errors.Is(err, fail) || (fail != nil && workspace.HintOf(err) == "") {
			t.Errorf("Start: %v, want %v", err, fail)
		}
	}
}

func TestTerminalEditorsAreNotStarted(t *testing.T) {
	t.Parallel()
	on := fake{goos: "linux", path: map[string]string{"ssh": "/bin/ssh"}}
	l, err := choose(t, on, "nvim").Plan(editor.Target{Alias: "api.team-a.berth", Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(t.Context()); err == nil {
		t.Error("a terminal editor was started without a terminal")
	}
}
