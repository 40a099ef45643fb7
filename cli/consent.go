package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/berth-sh/berth/sshconf"
)

// consent implements tui.Consent: the one line in the user's ssh config.
type consent struct {
	app *app
	dir *sshconf.Dir
}

// refusal is the file that remembers a no; `berth ssh-config install` still
// works, and asking again would be nagging.
func (c consent) refusal() string { return filepath.Join(c.app.env.stateDir(), "include-refused") }

// Needed implements tui.Consent.
func (c consent) Needed() bool {
	if _, err := os.Stat(c.refusal()); err == nil {
		return false
	}
	status, err := c.dir.Installed()
	return err == nil && !status.Installed
}

// Line implements tui.Consent.
func (c consent) Line() (line, file string) {
	file = c.dir.UserConfig()
	if status, err := c.dir.Installed(); err == nil {
		file = status.File
	}
	return c.dir.Include(), file
}

// Install implements tui.Consent.
func (c consent) Install(ctx context.Context) error {
	_, err := c.dir.Install(ctx)
	return err
}

// Refuse implements tui.Consent.
func (c consent) Refuse(context.Context) error {
	if err := os.MkdirAll(c.app.env.stateDir(), 0o700); err != nil {
		return fmt.Errorf("remembering the answer: %w", err)
	}
	if err := os.WriteFile(c.refusal(), nil, 0o600); err != nil {
		return fmt.Errorf("remembering the answer: %w", err)
	}
	return nil
}
