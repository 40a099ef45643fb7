package sshconf

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// hostileWords are what somebody may have called a cluster, a user or a folder.
func hostileWords() []string {
	return []string{
		"", "api", "team-a", "prod", "dev", "Prod_EU.1", "-oProxyCommand=touch /tmp/x", "a\nProxyCommand touch /tmp/x", "a\r\n  User root", "a b", "\"", "a\"b",
		"$(touch /tmp/x)", "`id`", "${HOME}", "%h%p", "~root", "*", "!a", "a,b", "api--team", "ä", "\u202eevil", "\x00", "\xff", "\x1b]0;x\x07", "#", "Host *",
		strings.Repeat("a", 64), strings.Repeat("x.", 200), "localhost", "a.b", "..", "/", "/home/me/my tools/berth", "/opt/a'b", "/a$b", "C:\\x", "arn:aws:eks:eu-1:1:cluster/x",
	}
}

// keywords are all that may stand in the generated file.
var keywords = func() []string {
	all := []string{"Host", "User", "ProxyCommand", "ProxyUseFdpass", "HostKeyAlias", "UserKnownHostsFile", "GlobalKnownHostsFile", "IdentityFile", "IdentitiesOnly"}
	for _, line := range shared {
		keyword, _, _ := strings.Cut(line, " ")
		all = append(all, keyword)
	}
	return all
}()

// The forms of what varies. Nothing that any shell, or ssh, acts on is in them.
var (
	aliasForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.berth$`)
	userForm  = regexp.MustCompile(`^[a-z_][a-z0-9_-]*$`)
	proxyForm = regexp.MustCompile(`^"/[^"'\\$` + "`" + `%!*?\[\]{}#\x00-\x1f\x7f]*"( [A-Za-z0-9./:=+_-]+)*$`)
	pathForm  = regexp.MustCompile(`^"(~/\.ssh/berth/[a-z_]+|/[^"'\\$` + "`" + `%!*?\[\]{}#\x00-\x1f\x7f]*)"$`)
)

// FuzzGeneratedFiles puts anything where names of workspaces, users, clusters,
// contexts and paths come from, and reads what is written: every line is one of
// ours, and no value is anything but its form.
func FuzzGeneratedFiles(f *testing.F) {
	words := hostileWords()
	for i, word := range words {
		next := words[(i+7)%len(words)]
		f.Add(word, "team-a", "dev", "prod", "/opt/berth-connect", "/home/me/.ssh/id", "/k", "c")
		f.Add("api", word, "dev", word, "/opt/berth-connect", word, next, word)
		f.Add("api", "team-a", word, next, word, next, word, next)
		f.Add(word, next, word, word, next, word, word, word)
	}
	const pin = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9gGd5mDUkW1rZzP5K2qk3g2cQm6k7vTl7qf5H0cJ3V"
	f.Fuzz(func(t *testing.T, name, namespace, user, cluster, helper, identity, kubeconfig, context string) {
		p, err := newPlan(Scope{Cluster: cluster, ClusterName: context, Namespace: namespace}, map[string]*alias.File{})
		if err != nil {
			return
		}
		err = p.put(alias.File{
			Name: name, Namespace: namespace, User: user, HostKey: pin, UID: cluster, Transport: alias.Gateway, Address: kubeconfig, Authority: context,
			Kubeconfig: kubeconfig, Context: context,
		})
		if err != nil && len(p.files) > 0 {
			t.Fatalf("refused (%v), and written", err)
		}
		s := settings{knownHosts: "~/.ssh/berth/known_hosts"}
		if s.proxy, err = proxyCommand([]string{helper, "connect"}); err != nil {
			s.proxy = `"/opt/berth-connect"`
		}
		if quoted, err := quotePath(identity); err == nil {
			s.identities = []string{quoted}
		}
		var files []*alias.File
		for _, file := range p.files {
			files = append(files, file)
			checkAliasFile(t, *file)
		}
		var config, pins bytes.Buffer
		if err := errors.Join(renderConfig(&config, files, s), renderKnownHosts(&pins, files)); err != nil {
			t.Fatal(err)
		}
		checkConfig(t, config.Bytes(), len(files))
		checkPins(t, pins.Bytes(), len(files))
	})
}

func checkConfig(t *testing.T, config []byte, aliases int) {
	t.Helper()
	hosts := 0
	for line := range bytes.Lines(config) {
		text := strings.TrimSuffix(string(line), "\n")
		if text == "" || text+"\n" == header {
			continue
		}
		keyword, value, _ := strings.Cut(strings.TrimPrefix(text, "  "), " ")
		if !slices.Contains(keywords, keyword) || strings.ContainsAny(text, "\r\x00") {
			t.Fatalf("a line that is not ours: %q", text)
		}
		form := aliasForm
		switch keyword {
		case "Host":
			if value == "*.*.berth" {
				continue
			}
			hosts++
		case "HostKeyAlias":
		case "User":
			form = userForm
		case "ProxyCommand":
			form = proxyForm
		case "UserKnownHostsFile", "GlobalKnownHostsFile", "IdentityFile":
			form = pathForm
		default:
			if !slices.Contains(shared[:], keyword+" "+value) && value != "yes" && value != "no" {
				t.Fatalf("a value that is not ours: %q", text)
			}
			continue
		}
		if !form.MatchString(value) {
			t.Fatalf("%s has the value %q", keyword, value)
		}
	}
	if hosts != aliases {
		t.Fatalf("%d hosts for %d aliases:\n%s", hosts, aliases, config)
	}
}

func checkPins(t *testing.T, pins []byte, aliases int) {
	t.Helper()
	if n := bytes.Count(pins, []byte("\n")); n != aliases {
		t.Fatalf("%d lines for %d aliases:\n%s", n, aliases, pins)
	}
	for line := range strings.Lines(string(pins)) {
		name, key, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if _, err := parseHostKey(key); err != nil || !aliasForm.MatchString(name) {
			t.Fatalf("a pin that is not ours: %q", line)
		}
	}
}

// checkAliasFile reads the file that the helper reads, and takes it for an
// argument: its name can be no option, and each value is what was put in.
func checkAliasFile(t *testing.T, f alias.File) {
	t.Helper()
	if !aliasForm.MatchString(f.Alias) {
		t.Fatalf("the alias is %q", f.Alias)
	}
	if _, _, err := workspace.ParseAlias(f.Alias); err != nil {
		t.Fatal(err)
	}
	data, err := f.Encode()
	if err != nil {
		t.Fatalf("an alias that was planned cannot be written: %v", err)
	}
	got, err := alias.Parse(data)
	if err != nil || got != f {
		t.Fatalf("read again it is %+v, %v; was %+v", got, err, f)
	}
}
