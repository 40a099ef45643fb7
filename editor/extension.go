package editor

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// extensionTimeout bounds one question to an editor's command, which starts the
// whole program to answer: a second or two. Whoever waits for the editor waits
// for this as well, and it is opened without an answer too.
const extensionTimeout = 5 * time.Second

// Extension names what e needs for ssh and does not bring along, "" for
// nothing. It can be asked about and installed where Program is set.
func (e Editor) Extension() string {
	if e.Program == "" {
		return ""
	}
	return e.row.extension
}

// HasExtension asks the editor's command whether the extension is there.
func (e Editor) HasExtension(ctx context.Context) (bool, error) {
	out, err := e.command(ctx, extensionTimeout, "--list-extensions")
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(out)) {
		if strings.EqualFold(strings.TrimSpace(line), e.row.extension) {
			return true, nil
		}
	}
	return false, nil
}

// InstallExtension has the editor fetch its extension, which the user has
// agreed to.
func (e Editor) InstallExtension(ctx context.Context) error {
	_, err := e.command(ctx, 3*time.Minute, "--install-extension", e.row.extension)
	return err
}

// ExtensionCommand is what a person would type to install it.
func (e Editor) ExtensionCommand() string {
	return commandLine([]string{e.row.programs[0], "--install-extension", e.row.extension})
}

func (e Editor) command(ctx context.Context, patience time.Duration, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, e.Program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second // a child of it may hold the pipes
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	err = fmt.Errorf("asking %s: %w", e.Name, err)
	if said := workspace.Safe(stderr.String()); said != "" {
		err = fmt.Errorf("%w: %s", err, said[:min(len(said), maxStderr)])
	}
	return nil, err
}
