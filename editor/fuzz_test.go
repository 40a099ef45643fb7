package editor_test

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/berth-sh/berth/editor"
)

// plainWord is an address without anything that a shell, a desktop or a URL
// parser acts on.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9:/?#&=.+%_~$,;@!'()*-]*$`)

// FuzzLaunch puts anything where aliases, paths and users come from. What is
// planned has no option that was not ours, and addresses that mean the target
// and nothing else.
func FuzzLaunch(f *testing.F) {
	for _, word := range []string{
		"", "/", "/home/dev", "/a b", "/-x", "/a\nb", "/$(x)`y`", "/../..", "//evil.example.com/x", "/%2e%2e/%00", "/ü\u202e", "/?windowId=1#x", "/&x=1",
		"-oProxyCommand=x", "api.team-a.berth", "api.team-a.berth/../x", "API.team-a.berth", "user@api.team-a.berth", "api.team-a.berth\n", "dev", "-l", "ro ot", "/n.sock", "/tmp/a:b",
	} {
		f.Add("api.team-a.berth", word, "dev", "/home/dev", "/run/n.sock")
		f.Add(word, "/home/dev", word, word, word)
	}
	here := map[string]string{"code": "/bin/code", "zed": "/bin/zed", "emacsclient": "/bin/emacsclient", "ssh": "/bin/ssh", "nvim": "/bin/nvim", "vim": "/v", "hx": "/h"}
	with, without := fake{goos: "linux", vars: display, path: here}, fake{goos: "linux", vars: display, path: map[string]string{"ssh": "/bin/ssh"}}
	var editors []editor.Editor
	for _, on := range []fake{with, without} {
		for _, id := range []string{"code", "zed", "jetbrains", "gateway", "emacs", "nvim", "nvim-ui"} {
			e, err := editor.Choose(on.env(), id)
			if err != nil {
				f.Fatal(err)
			}
			editors = append(editors, e)
		}
	}
	f.Fuzz(func(t *testing.T, alias, dir, user, home, socket string) {
		for _, e := range editors {
			l, err := e.Plan(editor.Target{Alias: alias, Path: dir, User: user, Home: home, Socket: socket})
			if err != nil {
				continue
			}
			checkWords(t, l.Argv, alias)
			checkWords(t, l.Beside, alias)
			if l.URL != "" {
				checkAddress(t, l.URL, alias, dir)
			}
			if strings.IndexFunc(l.Copy, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' }) >= 0 {
				t.Fatalf("to copy: %q", l.Copy)
			}
		}
	})
}

// ours are the options that a launch may have.
var ours = regexp.MustCompile(`^(-t|-L|-o|-c|-n|-a|--|--new-window|--server|--remote-ui|--folder-uri=vscode-remote://ssh-remote\+[a-z0-9.-]+\.berth/.*)$`)

func checkWords(t *testing.T, argv []string, alias string) {
	t.Helper()
	for _, arg := range argv {
		if strings.HasPrefix(arg, "-") && !ours.MatchString(arg) {
			t.Fatalf("an option that is not ours: %q in %q", arg, argv)
		}
		if uri, ok := strings.CutPrefix(arg, "--folder-uri="); ok && !plainWord.MatchString(uri) {
			t.Fatalf("the folder is %q", uri)
		}
		if arg == alias && strings.HasPrefix(alias, "-") {
			t.Fatalf("the alias is an option: %q", argv)
		}
	}
}

func checkAddress(t *testing.T, address, alias, dir string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || !plainWord.MatchString(address) {
		t.Fatalf("the address is %q: %v", address, err)
	}
	clean := path.Clean(dir)
	slashed := strings.TrimSuffix(clean, "/") + "/"
	q := u.Query()
	switch u.Scheme {
	case "vscode":
		if u.Host != "vscode-remote" || u.Path != "/ssh-remote+"+alias+slashed || u.RawQuery != "windowId=_blank" || u.Fragment != "" {
			t.Fatalf("the address means another thing: %q", address)
		}
	case "zed":
		if u.Host != "ssh" || u.Path != "/"+alias+slashed || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("the address means another thing: %q", address)
		}
	case "jetbrains":
		if u.Host != "gateway" || len(q) != 3 || q.Get("h") != alias || q.Get("projectHint") != clean || u.Fragment != "" {
			t.Fatalf("the address means another thing: %q", address)
		}
	case "jetbrains-gateway":
		q, err := url.ParseQuery(u.EscapedFragment())
		if err != nil || u.Host != "connect" || len(q) != 5 || q.Get("host") != alias || q.Get("projectPath") != clean {
			t.Fatalf("the address means another thing: %q, %v", address, err)
		}
	default:
		t.Fatalf("the scheme is %q", u.Scheme)
	}
}
