package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/atotto/clipboard"

	"github.com/berth-sh/berth/tui"
)

// clipboardFor is the clipboard of this machine, nil where that is not the
// user's or where there is none.
func clipboardFor(env environment) tui.Clipboard {
	if env.getenv("SSH_TTY") != "" || env.getenv("SSH_CONNECTION") != "" || clipboard.Unsupported {
		return nil
	}
	return nativeClipboard{clipboard.WriteAll}
}

// nativeClipboard implements tui.Clipboard with the programs that a desktop has
// for it.
type nativeClipboard struct{ write func(string) error }

// clipboardPatience is how long such a program may take; one without a display
// may take for ever.
const clipboardPatience = 2 * time.Second

// Copy implements tui.Clipboard.
func (c nativeClipboard) Copy(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, clipboardPatience, timedOut(clipboardPatience))
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.write(text) }() // it cannot be ended; nobody waits for it longer than that
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("copying to the clipboard: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("copying to the clipboard: %w", context.Cause(ctx))
	}
}
