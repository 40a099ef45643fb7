package editor

// Where editors are.
//
// Commands are looked for in PATH first, then where installers put them:
// programs started from a desktop have a short PATH, and on macOS nothing
// links an application's command there.

import (
	"path"
	"slices"
	"strings"
)

// find looks for the row's editor. Where it is not found, the Editor still
// says how to try, and searched names every place.
func (r row) find(env Env) (e Editor, ok bool, searched []string) {
	e = r.unfound(env)
	if r.terminal() {
		return r.findTerminal(env, e)
	}
	for _, program := range r.programs {
		searched = append(searched, program+" in PATH")
		if p, err := env.LookPath(program); err == nil {
			if p = executable(env, r, p); p != "" {
				return e.at(env, p), true, nil
			}
		}
	}
	for _, place := range r.places(env) {
		searched = append(searched, place)
		if env.Exists(place) {
			return e.at(env, place), true, nil
		}
	}
	if env.GOOS == "linux" {
		for _, entry := range r.entries(env) {
			searched = append(searched, entry)
			if env.Exists(entry) {
				return e, true, nil
			}
		}
	}
	return e, false, searched
}

// unfound is the row's editor as far as it is known without looking.
func (r row) unfound(env Env) Editor {
	return Editor{ID: r.id, Name: r.name, Terminal: r.terminal(), Needs: r.needs, row: r, headless: headless(env), openURL: env.OpenURL}
}

// at is e by the program that was found.
func (e Editor) at(env Env, program string) Editor {
	switch {
	case wsl(env) && strings.HasPrefix(program, "/mnt/"):
		e.headless = "" // Windows has the screen
		e.Note = "this " + e.Name + " is of Windows and reads the ssh configuration there: run berth ssh-config install in Windows as well"
	case strings.Contains(program, "/flatpak/"):
		e.Note = "this " + e.Name + " is a Flatpak: it uses an ssh of its own, which has to be allowed to read ~/.ssh and to run berth-connect"
	}
	if !e.row.byAddress {
		e.Program = program
	}
	return e
}

// wsl reports whether this is Linux inside Windows.
func wsl(env Env) bool { return env.GOOS == "linux" && env.Getenv("WSL_DISTRO_NAME") != "" }

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
	home := env.Getenv("HOME")
	var places []string
	switch env.GOOS {
	case "darwin":
		for _, app := range r.apps {
			places = append(places, "/Applications/"+app)
			if home != "" {
				places = append(places, path.Join(home, "Applications", app))
			}
		}
	case "windows":
		for _, exe := range r.windows {
			if local := env.Getenv("LOCALAPPDATA"); local != "" {
				places = append(places, local+`\Programs\`+exe, local+`\`+exe)
			}
			if all := env.Getenv("ProgramFiles"); all != "" {
				places = append(places, all+`\`+exe)
			}
		}
	case "linux":
		for _, place := range r.linux {
			rest, below := strings.CutPrefix(place, "~/")
			switch {
			case !below:
				places = append(places, place)
			case home != "":
				places = append(places, path.Join(home, rest))
			}
		}
		if r.flatpak != "" {
			places = append(places, "/var/lib/flatpak/exports/bin/"+r.flatpak)
			if home != "" {
				places = append(places, path.Join(home, ".local/share/flatpak/exports/bin", r.flatpak))
			}
		}
	}
	return places
}

// entries gives the files by which a desktop knows the editor's addresses.
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

// byPath takes a program that the user names by its path: which editor it is
// shows its name.
func byPath(env Env, program string) (Editor, bool) {
	base := strings.ToLower(program[strings.LastIndexAny(program, `/\`)+1:])
	base = strings.TrimSuffix(base, ".exe")
	if base == strings.ToLower(program) || !env.Exists(program) {
		return Editor{}, false
	}
	for _, r := range table() {
		if r.terminal() || r.byAddress {
			continue
		}
		if r.id == base || slices.Contains(r.programs, base) || slices.Contains(r.synonyms, base) {
			return r.unfound(env).at(env, program), true
		}
	}
	return Editor{}, false
}
