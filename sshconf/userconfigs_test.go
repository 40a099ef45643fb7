package sshconf_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// userConfigs is how many files people may have are tried: all that a test run
// has time for, or what `make soak` asks for.
func userConfigs(t *testing.T) int {
	t.Helper()
	text := os.Getenv("BERTH_SOAK_CONFIGS")
	if text == "" {
		return 300
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNoForeignByteChanges puts the line into generated files and takes it out
// again. No other byte may differ in between, none at all afterwards, and ssh
// must reach the user's own hosts as before.
func TestNoForeignByteChanges(t *testing.T) {
	t.Parallel()
	n := userConfigs(t)
	var mu sync.Mutex // guards installed and refused
	installed, refused := 0, 0
	numbers := make(chan int)
	var workers sync.WaitGroup
	for range 4 { // ssh is waited for most of the time
		workers.Go(func() {
			for i := range numbers {
				ok := tryUserConfig(t, uint64(i))
				mu.Lock()
				if ok {
					installed++
				} else {
					refused++
				}
				mu.Unlock()
			}
		})
	}
	for i := range n {
		if t.Failed() {
			break
		}
		if i > 0 && i%1000 == 0 {
			t.Logf("%d of %d files", i, n)
		}
		numbers <- i
	}
	close(numbers)
	workers.Wait()
	t.Logf("%d files, of which ssh itself refuses %d", installed+refused, refused)
	if !t.Failed() && installed < n*3/4 {
		t.Errorf("only %d of %d files could be tried", installed, n)
	}
}

// tryUserConfig tries one generated file; false is one that ssh refuses to
// read as it is.
func tryUserConfig(t *testing.T, seed uint64) bool {
	t.Helper()
	home := filepath.Join(t.TempDir(), fmt.Sprintf("home %d", seed))
	defer func() { _ = os.RemoveAll(home) }() // ten thousand of them are a lot
	d := openDir(t, home)
	text, hosts := generate(rand.New(rand.NewPCG(seed, 20)), filepath.Join(home, ".ssh"))
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, text, 0o600)
	put(t, d, teamA, file(t, "api"))
	before, readable := meanings(t, config, hosts)
	done, err := d.Install(t.Context())
	if !readable {
		if err == nil || read(t, config) != text {
			t.Errorf("file %d, which ssh refuses, was changed: %v", seed, err)
		}
		return false
	}
	// A line of theirs may break our aliases too; then ssh's words are handed on.
	if err != nil && (!done.Changed || !strings.Contains(err.Error(), "asking ssh about api.team-a.berth")) {
		t.Errorf("file %d: %v (%s)\n%q", seed, err, workspace.HintOf(err), shorten(text))
		return true
	}
	got := read(t, config)
	mark, rest, eol := "", text, "\n"
	if i := strings.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		eol = "\r\n"
	}
	if strings.HasPrefix(text, "\xef\xbb\xbf") {
		mark, rest = text[:3], text[3:]
	}
	if want := mark + d.Include() + eol + rest; got != want {
		t.Errorf("file %d: foreign bytes changed\nwas  %q\nis   %q", seed, shorten(text), shorten(got))
	}
	if after, ok := meanings(t, config, hosts); !ok || after != before {
		t.Errorf("file %d: ssh reaches the user's hosts in another way\n%s", seed, difference(before, after))
	}
	if _, err := d.Uninstall(t.Context()); err != nil {
		t.Errorf("file %d: taking it out: %v", seed, err)
	}
	if got := read(t, config); got != text {
		t.Errorf("file %d: not given back\nwas  %q\nis   %q", seed, shorten(text), shorten(got))
	}
	return true
}

// meanings is what ssh makes of the hosts, the first of which is nobody's; false
// where it refuses the file. A host may be broken by itself.
func meanings(t *testing.T, config string, hosts []string) (string, bool) {
	t.Helper()
	var all strings.Builder
	for i, host := range hosts {
		cmd := exec.CommandContext(t.Context(), "ssh", "-G", "-F", config, "--", host)
		cmd.WaitDelay = 10 * time.Second
		out, err := cmd.Output()
		if err != nil && i == 0 {
			return "", false
		}
		fmt.Fprintf(&all, "%s %t\n%s", host, err == nil, out)
	}
	return all.String(), true
}

func difference(a, b string) string {
	was, is := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(was), len(is)) {
		if was[i] != is[i] {
			return "was " + was[i] + "\nis  " + is[i]
		}
	}
	return fmt.Sprintf("%d lines and %d", len(was), len(is))
}

func shorten(s string) string {
	if len(s) > 600 {
		return s[:300] + " … " + s[len(s)-300:]
	}
	return s
}

// generate makes a file as people have them after twenty years, and the hosts
// to ask about, the first of which is in none. dir is the folder of the file.
func generate(r *rand.Rand, dir string) (text string, hosts []string) {
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	one := func(in int) bool { return r.IntN(in) == 0 }
	hosts = []string{"unheard-of.invalid"}
	host := func() string {
		h := pick("web", "db", "git.example.com", "bastion", "10.0.0.7", "build-01", "API", "old_box", "x") + pick("", "", "-"+strconv.Itoa(r.IntN(9)))
		if len(hosts) < 3 {
			hosts = append(hosts, h)
		}
		return h
	}
	keyword := func(k string) string {
		switch r.IntN(4) {
		case 0:
			return strings.ToLower(k)
		case 1:
			return strings.ToUpper(k)
		}
		return k
	}
	option := func() string {
		name, value, _ := strings.Cut(pick(
			"User me", "User \"me too\"", "Port 2222", "IdentityFile ~/.ssh/id_rsa", "IdentityFile \"~/.ssh/my keys/id\"", "ProxyCommand none",
			"ProxyCommand nc -X connect -x proxy:3128 %h %p", "ProxyJump bastion", "ForwardAgent yes", "HostName 192.0.2.1", "HostName %h.internal",
			"ServerAliveInterval 60", "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null", "ControlMaster auto", "ControlPath ~/.ssh/cm-%r@%h:%p",
			"LocalForward 8080 localhost:80", "SendEnv LANG LC_*", "SetEnv A=b", "RemoteCommand tmux new -A", "RequestTTY force", "LogLevel ERROR",
			"AddKeysToAgent yes", "Compression yes", "ConnectTimeout 2", "LocalCommand echo \"hi # there\"", "PermitLocalCommand yes", "Ciphers +aes128-cbc",
			"HostKeyAlgorithms +ssh-rsa", "KexAlgorithms +diffie-hellman-group1-sha1", "IdentitiesOnly yes", "CanonicalizeHostname no", "ProxyUseFdpass no"), " ")
		return pick("  ", "\t", "", "    ", " \t ") + keyword(name) + pick(" ", " ", "\t", "=", " = ", "  ") + value + pick("", "", "", " ", "\t")
	}
	var lines []string
	block := func() {
		switch r.IntN(12) {
		case 0:
			lines = append(lines, keyword("Match")+" "+pick("all", "host "+host(), "user root", "originalhost "+host(), "host *.example.com,!git.example.com", "exec \"true\"", "exec \"test -n ''\" host "+host(), "final all"))
		case 1:
			lines = append(lines, keyword("Host")+" "+pick("*", "*.example.com", "!web *", "* !db", "10.0.0.*", "?"))
		case 2:
			lines = append(lines, keyword("Host")+pick("=", " = ", "\t")+host())
		case 3:
			lines = append(lines, keyword("Host")+" \""+host()+"\" "+host()+" # two")
		default:
			lines = append(lines, keyword("Host")+" "+host()+pick("", " "+host(), " "+host()+" *.lan"))
		}
		for range r.IntN(6) {
			switch r.IntN(9) {
			case 0:
				lines = append(lines, pick("# old", "\t# "+strings.Repeat("=", 30), "", "  ", "#Host commented", "# Include \"~/.ssh/berth/config\"", "#\xff\xfe latin-1 \xe9"))
			default:
				lines = append(lines, option())
			}
		}
	}
	for _, name := range []string{"conf.d/a.conf", "conf.d/b.conf", "nested"} {
		if one(3) {
			path := filepath.Join(dir, name)
			_ = os.MkdirAll(filepath.Dir(path), 0o700) // without it the next line fails
			_ = os.WriteFile(path, []byte("Host included-"+strconv.Itoa(r.IntN(9))+"\n\tPort 7\nHost *\n  Compression yes\n"), 0o600)
		}
	}
	preamble := func() {
		switch r.IntN(5) {
		case 0:
			lines = append(lines, "# "+pick("ssh config of me", "vim: ft=sshconfig", "managed by hand since 2004"))
		case 1:
			lines = append(lines, "IgnoreUnknown UseKeychain,AddKeysToAgentX", "UseKeychain yes")
		case 2:
			lines = append(lines, keyword("Include")+" "+pick(dir+"/conf.d/*.conf", "\""+dir+"/nested\"", "/nowhere/at/all", "\""+dir+"/conf.d/*\" \""+dir+"/nested\""))
		case 3:
			lines = append(lines, option())
		}
	}
	if !one(4) {
		for range r.IntN(3) {
			preamble()
		}
	}
	for range r.IntN(14) {
		block()
		if one(6) {
			preamble() // an Include inside a block counts there alone
		}
		if one(5) && len(lines) > 3 {
			lines = append(lines, lines[max(0, len(lines)-3):]...) // the same once more
		}
	}
	var b bytes.Buffer
	if one(40) {
		b.WriteString("\xef\xbb\xbf")
	}
	eol, mixed := pick("\n", "\n", "\n", "\r\n"), one(12)
	for _, line := range lines {
		if mixed {
			eol = pick("\n", "\r\n")
		}
		b.WriteString(line + eol)
	}
	if one(60) {
		for b.Len() < 10<<20 {
			b.WriteString("# " + strings.Repeat("padding ", 120) + eol)
		}
		b.WriteString("Host last" + eol + "  Port 9" + eol)
	}
	text = b.String()
	if one(5) {
		text = strings.TrimRight(text, "\r\n")
	}
	if one(50) {
		text += pick("NoSuchKeyword yes\n", "Host\n", "Port notanumber\n", "Match\n")
	}
	return text, hosts
}
