package sshconf

// What ssh itself makes of the files.
//
// Only ssh knows how it reads a config, so after writing, `ssh -G` is asked
// and compared with what was meant. It runs without a shell, and the host
// stands behind `--`.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// ErrNoSSH is returned where there is no ssh program to ask. What was
// written is in place all the same.
var ErrNoSSH = errors.New("no ssh program found")

// sshTimeout bounds one ssh -G: a `Match exec` of the user may hang.
const sshTimeout = 10 * time.Second

// MismatchError says that ssh uses another value for an alias than berth
// wrote.
type MismatchError struct {
	Alias     string
	Key       string // ssh_config keyword, lower case
	Want, Got string
	Where     string // "~/.ssh/config line 3: ProxyCommand none", or "" where it cannot be told
}

// Error shows the keyword, both values, and the line that wins.
func (e *MismatchError) Error() string {
	msg := fmt.Sprintf("ssh uses %s %q for %s, not %q", e.Key, e.Got, e.Alias, e.Want)
	if e.Where != "" {
		msg += "; set by " + e.Where
	}
	return msg
}

// Verify asks ssh how it would reach the alias and returns a MismatchError,
// with a hint, for the first value that is not ours. It returns ErrNoSSH,
// wrapped, without ssh.
func (d *Dir) Verify(ctx context.Context, name string) error {
	f, err := d.Read(name)
	if err != nil {
		return err
	}
	out, err := d.ask(ctx, d.lookup(), f.Alias)
	if err != nil {
		return err
	}
	return d.compare(f, out)
}

// lookup is the config to ask with: "" where ssh finds the user's by itself.
func (d *Dir) lookup() string {
	if d.account {
		return ""
	}
	return d.UserConfig()
}

// ask runs ssh -G. An empty config is ssh's own choice.
func (d *Dir) ask(ctx context.Context, config, host string) ([]byte, error) {
	program, err := exec.LookPath("ssh")
	if err != nil {
		return nil, workspace.WithHint(fmt.Errorf("asking ssh about %s: %w", host, ErrNoSSH), "install OpenSSH's client; berth ssh works without it")
	}
	args := []string{"-G"}
	if config != "" {
		args = append(args, "-F", config)
	}
	ctx, cancel := context.WithTimeout(ctx, sshTimeout)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append(args, "--", host)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second // a child of Match exec may hold the pipes
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("asking ssh about %s: %w", host, ctx.Err())
		}
		return nil, workspace.WithHint(fmt.Errorf("asking ssh about %s: %s", host, sshMessage(stderr.String(), err)),
			"correct that line; until then no ssh works")
	}
	return stdout.Bytes(), nil
}

// sshMessage picks the first line that tells a cause.
func sshMessage(stderr string, err error) string {
	for line := range strings.Lines(stderr) {
		if line = workspace.Safe(line); line != "" && !strings.HasPrefix(line, "Pseudo-terminal") {
			return line
		}
	}
	return err.Error()
}

// compare reports the first value of ssh -G that is not as written.
func (d *Dir) compare(f alias.File, out []byte) error {
	proxy, err := proxyCommand(d.helper)
	if err != nil {
		return err
	}
	command, fdpass := reach(proxy, f)
	got := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if _, seen := got[key]; !seen {
			got[key] = value
		}
	}
	pins := d.shown("known_hosts")
	for _, want := range []struct{ key, value string }{
		{"proxycommand", command},
		{"user", f.User},
		{"hostkeyalias", f.Alias},
		{"userknownhostsfile", pins},
		{"globalknownhostsfile", pins},
		{"stricthostkeychecking", "true"},
		{"verifyhostkeydns", "false"},
		{"proxyusefdpass", fdpass},
		{"remotecommand", ""},
		{"knownhostscommand", ""},
	} {
		if !d.same(want.key, want.value, got[want.key]) {
			err := &MismatchError{Alias: f.Alias, Key: want.key, Want: want.value, Got: workspace.Safe(got[want.key])}
			err.Where = d.culprit(want.key)
			return workspace.WithHint(err, d.mismatchHint())
		}
	}
	return nil
}

func (d *Dir) same(key, want, got string) bool {
	switch key {
	case "stricthostkeychecking":
		return got == "true" || got == "yes"
	case "verifyhostkeydns":
		return got == "false" || got == "no"
	case "proxyusefdpass":
		return got == want || want == "no" && got == "" // builds without it print nothing
	case "remotecommand", "knownhostscommand":
		return got == "" || got == "none"
	case "userknownhostsfile", "globalknownhostsfile":
		return d.expand(got) == d.expand(want)
	}
	return got == want
}

// expand undoes the one difference in how versions print paths.
func (d *Dir) expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return strings.ReplaceAll(d.home, `\`, "/") + "/" + rest
	}
	return strings.ReplaceAll(path, `\`, "/")
}

// culprit finds the user's first line with the keyword. It reads one file
// only: values can also come from files included there, and from the system's.
func (d *Dir) culprit(key string) string {
	data, err := os.ReadFile(d.UserConfig())
	if err != nil {
		return ""
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if keyword, _ := splitLine(line); keyword == key {
			return fmt.Sprintf("%s line %d: %s", d.tilde(d.UserConfig()), number, workspace.Safe(line))
		}
	}
	return ""
}

func (d *Dir) mismatchHint() string {
	data, err := os.ReadFile(d.UserConfig())
	if err != nil {
		return "run berth ssh-config install"
	}
	switch p := d.line().find(data); {
	case p.top > 0:
		return "move " + d.Include() + " to the first line of " + d.tilde(d.UserConfig())
	case p.below > 0:
		return fmt.Sprintf("%s stands in line %d, inside the block that starts in line %d; run berth ssh-config install",
			d.Include(), p.below, p.block)
	}
	return "run berth ssh-config install"
}
