package cli

// The part of an examination that begins at sshd, and what ssh makes of it all.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/transfer"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// dialer goes to sshd by the alias's own way: what goes round it would hide
// what is wrong with it.
func (e *examination) dialer() tunnel.Dialer {
	if e.file.Transport == alias.PortForward {
		return tunnel.ForAlias(e.file, e.app.portForward, nil)
	}
	return tunnel.ForAlias(e.file, nil, nil)
}

func lookSSHD(ctx context.Context, e *examination) finding {
	if e.file.Alias == "" {
		return skip(noWorkspace)
	}
	if err := tunnel.Probe(ctx, e.dialer()); err != nil {
		return problem(err)
	}
	return fine("sshd greets")
}

// lookHostKey logs in; how that ends is two findings.
func lookHostKey(ctx context.Context, e *examination) finding {
	if e.file.Alias == "" {
		return skip(noWorkspace)
	}
	config, err := e.app.login(e.file, nil)
	if err != nil {
		return problem(err)
	}
	config.Dial = e.dialer()
	e.ssh, err = tunnel.Dial(ctx, config)
	var refused *tunnel.AuthError
	switch {
	case err == nil:
		return fine("it is the pinned one (%s)", e.ssh.ServerVersion())
	case errors.As(err, &refused):
		e.refused = err
		return fine("it is the pinned one")
	}
	return problem(err)
}

func lookLogin(_ context.Context, e *examination) finding {
	switch {
	case e.file.Alias == "":
		return skip(noWorkspace)
	case e.refused != nil:
		return problem(e.refused)
	}
	return fine("accepted as %s", e.file.User)
}

// lookShell runs a command, and notices what the workspace's rc files say where
// nobody can read it: that breaks scp, rsync and editors.
func lookShell(ctx context.Context, e *examination) finding {
	if e.ssh == nil {
		return skip(noWorkspace)
	}
	var out capped
	code, err := e.ssh.Exec(ctx, "printf 'berth-%s\\n' doctor; uname -srm", tunnel.Streams{Out: &out}, nil, nil)
	if err != nil {
		return problem(err)
	}
	before, after, ok := strings.Cut(out.String(), "berth-doctor")
	switch {
	case !ok:
		return problem(workspace.WithHint(fmt.Errorf("a command ends with %d and says %q", code, workspace.Safe(out.String())),
			"look at the login shell and its rc files: berth ssh "+e.file.Name))
	case strings.TrimSpace(before) != "":
		return noteworthy("commands work, but the shell's rc files print %q even without a terminal, which breaks scp and editors", workspace.Safe(before))
	}
	return fine("%s", workspace.Safe(after))
}

func lookSFTP(ctx context.Context, e *examination) finding {
	if e.ssh == nil {
		return skip(noWorkspace)
	}
	stream, err := e.ssh.Subsystem(ctx, "sftp")
	if err != nil {
		return problem(err)
	}
	defer func() { _ = stream.Close() }() // the answer is all that matters
	stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
	defer stop()
	if _, err := transfer.Open(stream, stream); err != nil { // it ends with the stream
		return problem(workspace.WithHint(err, "its sshd needs: Subsystem sftp internal-sftp"))
	}
	return fine("files can be copied")
}

func lookForward(ctx context.Context, e *examination) finding {
	if e.ssh == nil {
		return skip(noWorkspace)
	}
	if err := e.ssh.Forwards(ctx); err != nil {
		return problem(err)
	}
	return fine("ports can be forwarded")
}

// lookKnownHosts compares the pin that ssh reads with the alias's.
func lookKnownHosts(_ context.Context, e *examination) finding {
	if e.file.Alias == "" {
		return skip(noWorkspace)
	}
	dir, err := e.app.ssh()
	if err != nil {
		return problem(err)
	}
	again := "berth ssh-config install writes it again"
	data, err := readSmallFile(dir.KnownHosts())
	if err != nil {
		return problem(workspace.WithHint(fmt.Errorf("reading the pins: %w", err), again))
	}
	for line := range bytes.Lines(data) {
		name, key, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch {
		case name != e.file.Alias:
		case key == e.file.HostKey:
			return fine("%s has the pin of %s", dir.KnownHosts(), e.file.Alias)
		default:
			return problem(workspace.WithHint(fmt.Errorf("%s has another key for %s than berth has pinned", dir.KnownHosts(), e.file.Alias), again))
		}
	}
	return problem(workspace.WithHint(fmt.Errorf("%s lacks %s", dir.KnownHosts(), e.file.Alias), again))
}

// lookSSHConfig asks ssh itself what it makes of the files.
func lookSSHConfig(ctx context.Context, e *examination) finding {
	dir, err := e.app.ssh()
	if err != nil {
		return problem(err)
	}
	version := sshVersion(ctx)
	if version == "" {
		return noteworthy("no ssh program found; berth ssh works without it")
	}
	status, err := dir.Installed()
	switch {
	case err != nil:
		return problem(err)
	case !status.Installed:
		return noteworthy("%s; %s does not include %s, so ssh and editors need: ssh -F %s", version, status.File, dir.Config(), dir.Config())
	case e.file.Alias == "" || e.gatewayAlone:
		return fine("%s; line %d of %s includes the aliases", version, status.Line, status.File)
	}
	err = dir.Verify(ctx, e.file.Alias)
	switch {
	case errors.Is(err, sshconf.ErrNoSSH):
		return noteworthy("not asked: %v", err)
	case err != nil:
		return problem(err)
	}
	return fine("%s reaches %s as written, by line %d of %s", version, e.file.Alias, status.Line, status.File)
}

// sshVersion is what the system's ssh calls itself, "" where there is none.
func sshVersion(ctx context.Context) string {
	program, err := exec.LookPath("ssh")
	if err != nil {
		return ""
	}
	out, err := exec.CommandContext(ctx, program, "-V").CombinedOutput()
	if err != nil {
		return "ssh of unknown version"
	}
	return workspace.Safe(string(out))
}

// readSmallFile reads at most a megabyte.
func readSmallFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened to read
	return io.ReadAll(io.LimitReader(f, 1<<20))
}
