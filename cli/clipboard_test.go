package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestOverSSHTheClipboardIsNotThisMachines(t *testing.T) {
	for _, variable := range []string{"SSH_TTY", "SSH_CONNECTION"} {
		env := environment{getenv: func(name string) string {
			if name == variable {
				return "x"
			}
			return ""
		}}
		if c := clipboardFor(env); c != nil {
			t.Errorf("with %s there is %v", variable, c)
		}
	}
}

func TestAClipboardThatHangsIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	end := make(chan struct{})
	defer close(end)
	c := nativeClipboard{func(string) error {
		cancel(errors.New("enough"))
		<-end
		return nil
	}}
	if err := c.Copy(ctx, "x"); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("got %v", err)
	}
}
