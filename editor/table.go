package editor

// The editors that are known, as data.
//
// Commands are looked for in PATH first, then where installers put them:
// programs started from a desktop have a short PATH, and on macOS nothing
// links an application's command there.

import (
	"path"
	"strings"
)

// row is one editor.
type row struct {
	id, name string
	synonyms []string
	programs []string // commands, in PATH here; a terminal editor's in the workspace
	terminal bool

	scheme  string   // of its URLs
	apps    []string // macOS: application and the command inside, below an Applications folder
	windows []string // the executable, below the folders for programs
	linux   []string // absolute paths
	desktop []string // Linux: entries that say its URLs are handled
}

const appBin = "/Contents/Resources/app/bin/"

// table gives the rows in order of preference.
func table() []row {
	return []row{
		{
			id: "code", name: "VS Code", synonyms: []string{"vscode"}, programs: []string{"code"}, scheme: "vscode",
			apps:    []string{"Visual Studio Code.app" + appBin + "code"},
			windows: []string{`Microsoft VS Code\Code.exe`},
			linux:   []string{"/usr/share/code/bin/code", "/snap/bin/code", "/var/lib/flatpak/exports/bin/com.visualstudio.code"},
			desktop: []string{"code-url-handler.desktop"},
		},
		{
			id: "cursor", name: "Cursor", programs: []string{"cursor"}, scheme: "cursor",
			apps:    []string{"Cursor.app" + appBin + "cursor"},
			windows: []string{`cursor\Cursor.exe`},
			desktop: []string{"cursor-url-handler.desktop"},
		},
		{
			id: "windsurf", name: "Windsurf", programs: []string{"windsurf"}, scheme: "windsurf",
			apps:    []string{"Windsurf.app" + appBin + "windsurf"},
			windows: []string{`Windsurf\Windsurf.exe`},
			desktop: []string{"windsurf-url-handler.desktop"},
		},
		{
			id: "codium", name: "VSCodium", synonyms: []string{"vscodium"}, programs: []string{"codium"}, scheme: "vscodium",
			apps:    []string{"VSCodium.app" + appBin + "codium"},
			windows: []string{`VSCodium\VSCodium.exe`},
			linux:   []string{"/usr/share/codium/bin/codium", "/snap/bin/codium", "/var/lib/flatpak/exports/bin/com.vscodium.codium"},
			desktop: []string{"codium-url-handler.desktop"},
		},
		{
			id: "code-insiders", name: "VS Code Insiders", synonyms: []string{"insiders"}, programs: []string{"code-insiders"},
			scheme:  "vscode-insiders",
			apps:    []string{"Visual Studio Code - Insiders.app" + appBin + "code"},
			windows: []string{`Microsoft VS Code Insiders\Code - Insiders.exe`},
			linux:   []string{"/usr/share/code-insiders/bin/code-insiders", "/snap/bin/code-insiders"},
			desktop: []string{"code-insiders-url-handler.desktop"},
		},
		{id: "nvim", name: "Neovim", synonyms: []string{"neovim"}, programs: []string{"nvim"}, terminal: true},
		{id: "vim", name: "Vim", programs: []string{"vim"}, terminal: true},
		{id: "hx", name: "Helix", synonyms: []string{"helix"}, programs: []string{"hx"}, terminal: true},
	}
}

// find looks for the row's editor. Where it is not found, the Editor still
// says how to try, and searched names every place.
func (r row) find(env Env) (e Editor, ok bool, searched []string) {
	e = Editor{ID: r.id, Name: r.name, Terminal: r.terminal, row: r, headless: headless(env), openURL: env.OpenURL}
	if r.terminal {
		return r.findTerminal(env, e)
	}
	for _, program := range r.programs {
		searched = append(searched, program+" in PATH")
		if p, err := env.LookPath(program); err == nil {
			if p = executable(env, r, p); p != "" {
				e.Program = p
				return e, true, nil
			}
		}
	}
	for _, place := range r.places(env) {
		searched = append(searched, place)
		if env.Exists(place) {
			e.Program = place
			return e, true, nil
		}
	}
	if env.GOOS == "linux" {
		for _, entry := range r.entries(env) {
			if env.Exists(entry) {
				return e, true, nil
			}
		}
	}
	return e, false, searched
}

// findTerminal: ssh must be here, and the user must know the editor from here.
func (r row) findTerminal(env Env, e Editor) (Editor, bool, []string) {
	searched := []string{"ssh in PATH", r.programs[0] + " in PATH"}
	e.Program = "ssh"
	_, sshErr := env.LookPath("ssh")
	_, err := env.LookPath(r.programs[0])
	return e, sshErr == nil && err == nil, searched
}

// executable replaces a Windows batch file by the program beside it: cmd.exe
// would expand the percent signs of a URI.
func executable(env Env, r row, found string) string {
	if env.GOOS != "windows" {
		return found
	}
	lower := strings.ToLower(found)
	if !strings.HasSuffix(lower, ".cmd") && !strings.HasSuffix(lower, ".bat") {
		return found
	}
	for _, w := range r.windows {
		// …\bin\code.cmd → …\Code.exe
		dir := parentDir(parentDir(found))
		exe := dir + w[strings.LastIndexByte(w, '\\'):]
		if env.Exists(exe) {
			return exe
		}
	}
	return ""
}

func parentDir(p string) string {
	return p[:max(0, strings.LastIndexAny(p, `\/`))]
}

// places gives what installers use, outside PATH.
func (r row) places(env Env) []string {
	var places []string
	switch env.GOOS {
	case "darwin":
		for _, app := range r.apps {
			places = append(places, "/Applications/"+app)
			if home := env.Getenv("HOME"); home != "" {
				places = append(places, path.Join(home, "Applications", app))
			}
		}
	case "windows":
		for _, exe := range r.windows {
			if local := env.Getenv("LOCALAPPDATA"); local != "" {
				places = append(places, local+`\Programs\`+exe)
			}
			if all := env.Getenv("ProgramFiles"); all != "" {
				places = append(places, all+`\`+exe)
			}
		}
	case "linux":
		places = r.linux
	}
	return places
}

// entries gives the files by which a desktop knows the editor's URLs.
func (r row) entries(env Env) []string {
	dirs := env.Getenv("XDG_DATA_DIRS")
	if dirs == "" {
		dirs = "/usr/local/share:/usr/share"
	}
	home := env.Getenv("XDG_DATA_HOME")
	if home == "" && env.Getenv("HOME") != "" {
		home = path.Join(env.Getenv("HOME"), ".local/share")
	}
	var entries []string
	for dir := range strings.SplitSeq(home+":"+dirs, ":") {
		for _, name := range r.desktop {
			if dir != "" {
				entries = append(entries, path.Join(dir, "applications", name))
			}
		}
	}
	return entries
}
