package sshconf_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// sshG asks the real ssh what it makes of a config.
func sshG(t *testing.T, config, host string) map[string]string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ssh", "-G", "-F", config, "--", host)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ssh -G: %v\n%s", err, stderr.String())
	}
	values := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if _, seen := values[key]; !seen {
			values[key] = value
		}
	}
	return values
}

// hostile is what people, and their employers, have in `Host *`.
const hostile = `Host *
  User zz
  HostName wrong.example.com
  Port 2222
  ProxyJump bastion
  ProxyUseFdpass yes
  HostKeyAlias wrong
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /etc/hosts
  VerifyHostKeyDNS yes
  CanonicalizeHostname always
  CanonicalDomains example.com
  PubkeyAuthentication no
  PreferredAuthentications password
  ConnectTimeout 1
  ServerAliveInterval 1
  ServerAliveCountMax 1
  ForwardAgent yes
  ForwardX11 yes
  RequestTTY force
  RemoteCommand tmux
  PermitLocalCommand yes
  LocalCommand touch /tmp/never
  ControlMaster auto
  ControlPath /tmp/%C
  ControlPersist 10m
  UpdateHostKeys yes
  HostKeyAlgorithms ssh-rsa
  ExitOnForwardFailure yes
  Tunnel yes
`

func TestNothingOfAHostileConfigReachesAnAlias(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	put(t, d, teamA, file(t, "api"))
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, d.Include()+"\n"+hostile+strings.Replace(hostile, "Host *", "Match all", 1), 0o600)
	got := sshG(t, config, "api.team-a.berth")
	want := map[string]string{
		"user": "dev", "hostname": "api.team-a.berth", "port": "22",
		"proxycommand": `"/opt/my tools/berth-connect" --fdpass api.team-a.berth`, "proxyusefdpass": "yes",
		"hostkeyalias": "api.team-a.berth", "stricthostkeychecking": "true", "verifyhostkeydns": "false",
		"userknownhostsfile": d.KnownHosts(), "globalknownhostsfile": d.KnownHosts(),
		"hostkeyalgorithms": "ssh-ed25519", "updatehostkeys": "false", "canonicalizehostname": "false",
		"pubkeyauthentication": "true", "preferredauthentications": "publickey", "connecttimeout": "60",
		"serveraliveinterval": "15", "serveralivecountmax": "40", "forwardagent": "no", "forwardx11": "no",
		"requesttty": "auto", "permitlocalcommand": "no", "controlmaster": "false",
		"exitonforwardfailure": "no", "tunnel": "false",
	}
	for key := range got {
		if _, checked := want[key]; !checked {
			delete(got, key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ssh -G (-want +got):\n%s", diff)
	}
	all := sshG(t, config, "api.team-a.berth")
	for _, key := range []string{"remotecommand", "proxyjump", "controlpath"} {
		if v := all[key]; v != "" && v != "none" {
			t.Errorf("%s is %q", key, v)
		}
	}
	if err := d.Verify(t.Context(), "api.team-a.berth"); err != nil {
		t.Errorf("Verify: %v", err)
	}
}

// Only a plain socket can be handed to ssh; whatever the user's own config says.
func TestConnectionsThatCannotBeHandedOverAreCopied(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	plain, direct, secured, forwarded := file(t, "plain"), file(t, "direct"), file(t, "secured"), file(t, "forwarded")
	plain.Transport, direct.Transport = alias.Gateway, alias.Direct
	secured.Transport, secured.TLS = alias.Gateway, true
	forwarded.Transport = alias.PortForward
	put(t, d, teamA, plain, direct, secured, forwarded)
	config := filepath.Join(home, ".ssh", "config")
	write(t, config, d.Include()+"\n"+hostile, 0o600)
	for name, want := range map[string]string{"plain": "yes", "direct": "yes", "secured": "no", "forwarded": "no"} {
		got := sshG(t, config, name+".team-a.berth")
		if asked := strings.Contains(got["proxycommand"], " --fdpass "); got["proxyusefdpass"] != want || asked != (want == "yes") {
			t.Errorf("%s: ProxyUseFdpass %s with %s, want %s", name, got["proxyusefdpass"], got["proxycommand"], want)
		}
		if err := d.Verify(t.Context(), name+".team-a.berth"); err != nil {
			t.Errorf("Verify %s: %v", name, err)
		}
	}
}

func TestGeneratedConfigIsStable(t *testing.T) {
	t.Parallel()
	a, b := file(t, "api"), file(t, "web")
	one, _ := newDir(t)
	put(t, one, teamA, a)
	put(t, one, teamA, b)
	first := read(t, one.Config())
	if printed, err := one.Print(); err != nil || string(printed) != first {
		t.Errorf("Print differs from the file: %v\n%s", err, printed)
	}
	put(t, one, teamA, b, a)
	if second := read(t, one.Config()); second != first {
		t.Errorf("another order gave another file:\n%s", second)
	}
	hosts := regexp.MustCompile(`(?m)^Host (.*)$`).FindAllString(first, -1)
	want := []string{
		"Host api.team-a.berth", "Host api.team-a.prod.berth", "Host web.team-a.berth", "Host web.team-a.prod.berth", "Host *.*.berth",
	}
	if diff := cmp.Diff(want, hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// Each keyword of the file must be known to every ssh that reads Include.
func TestOnlyOldKeywords(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	key := filepath.Join(home, ".ssh", "id")
	write(t, key, "x", 0o600)
	put(t, d, teamA, file(t, "api"))
	if err := d.Offer(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	old := strings.Fields(`Host HostName Port User ProxyCommand ProxyUseFdpass HostKeyAlias UserKnownHostsFile
		GlobalKnownHostsFile StrictHostKeyChecking VerifyHostKeyDNS HostKeyAlgorithms UpdateHostKeys CanonicalizeHostname
		PubkeyAuthentication PreferredAuthentications ConnectTimeout ServerAliveInterval ServerAliveCountMax ForwardAgent
		ForwardX11 Tunnel RequestTTY RemoteCommand PermitLocalCommand ExitOnForwardFailure ControlMaster ControlPath
		IdentityFile IdentitiesOnly`)
	for line := range strings.Lines(read(t, d.Config())) {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] != "#" && !slices.Contains(old, fields[0]) {
			t.Errorf("keyword %s", fields[0])
		}
	}
}

func TestOfferedIdentities(t *testing.T) {
	t.Parallel()
	d, home := newDir(t)
	put(t, d, teamA, file(t, "api"))
	config := read(t, d.Config())
	if strings.Contains(config, "  Identit") {
		t.Errorf("keys are chosen before anybody chose:\n%s", config)
	}
	var paths []string
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		path := filepath.Join(home, ".ssh", "id "+name)
		write(t, path, "x", 0o600)
		paths = append(paths, path)
	}
	if err := d.Offer(t.Context(), paths...); err != nil {
		t.Fatal(err)
	}
	config = read(t, d.Config())
	if strings.Count(config, "  IdentityFile \"") != 5 || !strings.Contains(config, "  IdentitiesOnly yes\n") {
		t.Errorf("six keys gave:\n%s", config)
	}
	if err := d.Offer(t.Context(), paths[5], filepath.Join(home, "gone")); err != nil {
		t.Fatal(err)
	}
	got := sshG(t, d.Config(), "api.team-a.prod.berth")
	if got["identityfile"] != paths[5] || got["identitiesonly"] != "yes" {
		t.Errorf("ssh offers %s first, only: %s", got["identityfile"], got["identitiesonly"])
	}
	if err := d.Offer(t.Context(), home+"/\"quoted\""); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("a path with quotes: %v", err)
	}
}

func TestHelpersThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for _, helper := range [][]string{
		nil,
		{"berth-connect"},
		{"/opt/a\"b"},
		{"/opt/a\nProxyCommand evil"},
		{"/opt/$(touch x)"},
		{"/opt/`x`"},
		{"/opt/100%h"},
		{"/opt/a\\b"},
		{"/opt/\xff"},
		{"/opt/berth", "connect", "a b"},
		{"/opt/berth", "$(x)"},
		{"/opt/berth", ""},
	} {
		if _, err := sshconf.Open(home, helper); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("Open with helper %q: %v", helper, err)
		}
	}
	if _, err := sshconf.Open("home", []string{"/opt/berth"}); !errors.Is(err, workspace.ErrUsage) {
		t.Errorf("Open with a relative home: %v", err)
	}
	if _, err := sshconf.Open(home, []string{"/opt/büro tools/berth", "connect", "--log=/tmp/x"}); err != nil {
		t.Errorf("Open with a helper that is fine: %v", err)
	}
}

func TestSSHMissing(t *testing.T) {
	d, home := newDir(t)
	put(t, d, teamA, file(t, "api"))
	t.Setenv("PATH", t.TempDir())
	done, err := d.Install(context.Background())
	if err != nil || !done.Changed || !errors.Is(done.Unverified, sshconf.ErrNoSSH) {
		t.Errorf("Install = %+v, %v", done, err)
	}
	if got := read(t, filepath.Join(home, ".ssh", "config")); got != d.Include()+"\n" {
		t.Errorf("config %q", got)
	}
	if err := d.Verify(t.Context(), "api.team-a.berth"); !errors.Is(err, sshconf.ErrNoSSH) || workspace.HintOf(err) == "" {
		t.Errorf("Verify: %v", err)
	}
}
