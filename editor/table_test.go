package editor_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/editor"
	"github.com/berth-sh/berth/workspace"
)

// TestLaunchesAreAsWritten holds every editor's command line and address: the
// file is what would run.
func TestLaunchesAreAsWritten(t *testing.T) {
	t.Parallel()
	here := map[string]string{
		"code": "/bin/code", "code-insiders": "/bin/code-insiders", "cursor": "/bin/cursor", "windsurf": "/bin/windsurf", "codium": "/bin/codium",
		"zeditor": "/bin/zeditor", "jetbrains-toolbox": "/bin/jetbrains-toolbox", "gateway": "/bin/gateway", "emacsclient": "/bin/emacsclient",
		"ssh": "/bin/ssh", "nvim": "/bin/nvim", "vim": "/bin/vim", "hx": "/bin/hx",
	}
	ids := []string{"code", "code-insiders", "cursor", "windsurf", "codium", "zed", "jetbrains", "gateway", "emacs", "nvim", "nvim-ui", "vim", "hx"}
	var b strings.Builder
	for _, on := range []struct {
		title string
		fake  fake
	}{
		{"with their commands", fake{goos: "linux", vars: display, path: here}},
		{"by their addresses", fake{goos: "linux", vars: display, path: map[string]string{"ssh": "/bin/ssh"}}},
	} {
		b.WriteString("# " + on.title + "\n")
		for _, id := range ids {
			for _, path := range []string{"/home/dev", "/", "/a b/ü%#?&+=;'\"$(x)"} {
				l, err := choose(t, on.fake, id).Plan(editor.Target{
					Alias: "api.team-a.berth", Path: path, User: "dev", Home: "/home/dev", Socket: "/run/user/1000/berth/n.sock", SSHArgs: []string{"-F", "/h/.ssh/berth/config"},
				})
				if err != nil {
					b.WriteString(id + ": " + err.Error() + "\n")
					continue
				}
				if l.Terminal && on.title != "with their commands" {
					continue // the same again
				}
				for _, arg := range l.Beside {
					b.WriteString(id + " beside | " + strings.ReplaceAll(arg, "\n", "\n\t") + "\n")
				}
				for _, arg := range l.Argv {
					b.WriteString(id + " | " + arg + "\n")
				}
				if l.URL != "" {
					b.WriteString(id + " opens " + l.URL + "\n")
				}
			}
		}
	}
	const golden = "testdata/launches.txt"
	if os.Getenv("BERTH_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("launches (-want +got), BERTH_UPDATE=1 writes them:\n%s", diff)
	}
}

// Each system, and each way to install, has its places.
func TestPlacesOfEverySystem(t *testing.T) {
	t.Parallel()
	home := map[string]string{"HOME": "/home/dev", "DISPLAY": ":0"}
	windows := map[string]string{"LOCALAPPDATA": `C:\L`, "ProgramFiles": `C:\P`}
	for name, tt := range map[string]struct {
		goos, file string
		vars       map[string]string
		want       string // ID, program, and whether there is a note
	}{
		"snap":                {"linux", "/snap/bin/code", home, "code /snap/bin/code"},
		"flatpak":             {"linux", "/var/lib/flatpak/exports/bin/dev.zed.Zed", home, "zed /var/lib/flatpak/exports/bin/dev.zed.Zed noted"},
		"flatpak of a user":   {"linux", "/home/dev/.local/share/flatpak/exports/bin/com.vscodium.codium", home, "codium /home/dev/.local/share/flatpak/exports/bin/com.vscodium.codium noted"},
		"zed's installer":     {"linux", "/home/dev/.local/bin/zed", home, "zed /home/dev/.local/bin/zed"},
		"toolbox":             {"linux", "/home/dev/.local/share/JetBrains/Toolbox/bin/jetbrains-toolbox", home, "jetbrains "},
		"gateway by toolbox":  {"linux", "/home/dev/.local/share/JetBrains/Toolbox/scripts/gateway", home, "gateway "},
		"toolbox's handler":   {"linux", "/home/dev/.local/share/applications/jetbrains-toolbox.desktop", home, "jetbrains "},
		"macOS":               {"darwin", "/Applications/Zed.app/Contents/MacOS/cli", home, "zed /Applications/Zed.app/Contents/MacOS/cli"},
		"macOS, for a user":   {"darwin", "/home/dev/Applications/JetBrains Toolbox.app/Contents/MacOS/jetbrains-toolbox", home, "jetbrains "},
		"macOS, Emacs":        {"darwin", "/Applications/Emacs.app/Contents/MacOS/bin/emacsclient", home, "emacs /Applications/Emacs.app/Contents/MacOS/bin/emacsclient"},
		"Windows, for a user": {"windows", `C:\L\Programs\Zed\bin\zed.exe`, windows, `zed C:\L\Programs\Zed\bin\zed.exe`},
		"Windows, for all":    {"windows", `C:\P\Microsoft VS Code Insiders\Code - Insiders.exe`, windows, `code-insiders C:\P\Microsoft VS Code Insiders\Code - Insiders.exe`},
		"Windows, toolbox":    {"windows", `C:\L\JetBrains\Toolbox\bin\jetbrains-toolbox.exe`, windows, "jetbrains "},
	} {
		var got []string
		for _, e := range editor.Find(fake{goos: tt.goos, files: []string{tt.file}, vars: tt.vars}.env()) {
			text := e.ID + " " + e.Program
			if e.Note != "" {
				text += " noted"
			}
			got = append(got, text)
		}
		if diff := cmp.Diff([]string{tt.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// In WSL the editor is one of Windows, which has a screen and another ~/.ssh.
func TestWindowsEditorsInWSL(t *testing.T) {
	t.Parallel()
	on := fake{goos: "linux", vars: map[string]string{"WSL_DISTRO_NAME": "Debian"}, path: map[string]string{"code": "/mnt/c/Users/m/AppData/Local/Programs/Microsoft VS Code/bin/code"}}
	e := choose(t, on, "")
	if !strings.Contains(e.Note, "Windows") {
		t.Errorf("nothing is said about %s", e.Program)
	}
	l, err := e.Plan(editor.Target{Alias: "api.team-a.berth", Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	var headless *editor.HeadlessError
	if err := l.Start(t.Context()); errors.As(err, &headless) {
		t.Error("Windows has no screen")
	}
}

// Every place that was looked at is in the message.
func TestAMissListsEveryPlace(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "darwin", "windows"} {
		vars := map[string]string{"HOME": "/home/dev", "LOCALAPPDATA": `C:\L`, "ProgramFiles": `C:\P`}
		looked := map[string]bool{}
		env := fake{goos: goos, vars: vars}.env()
		env.Exists = func(path string) bool { looked[path] = true; return false }
		inPath := env.LookPath
		env.LookPath = func(name string) (string, error) { looked[name+" in PATH"] = true; return inPath(name) }
		_, err := editor.Choose(env, "")
		if !errors.Is(err, workspace.ErrNotFound) {
			t.Fatal(err)
		}
		for place := range looked {
			if !strings.Contains(err.Error(), place) {
				t.Errorf("%s: %s was looked at and is not named", goos, place)
			}
		}
		if len(looked) < 20 {
			t.Errorf("%s: only %d places", goos, len(looked))
		}
	}
}

func TestAnEditorByItsPath(t *testing.T) {
	t.Parallel()
	on := fake{goos: "linux", vars: display, files: []string{"/opt/my cursor/cursor", "/opt/other/ed"}}
	if e := choose(t, on, "/opt/my cursor/cursor"); e.ID != "cursor" || e.Program != "/opt/my cursor/cursor" {
		t.Errorf("editor %s at %s", e.ID, e.Program)
	}
	for _, path := range []string{"/opt/other/ed", "/opt/none/cursor"} {
		if e, err := editor.Choose(on.env(), path); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%s is taken for %s", path, e.ID)
		}
	}
}
