package cli

// Questions. They go to standard error, so that standard output stays clean
// for pipes, and only to a terminal: a script gets an error that names the flag
// that answers. The default answer is always no.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/berth-sh/berth/workspace"
)

// errDeclined is returned where the user said no.
var errDeclined = errors.New("nothing was changed")

// confirm asks a yes-or-no question; yes answers it beforehand.
func (a *app) confirm(ctx context.Context, question string, yes bool) error {
	if yes {
		return nil
	}
	if !a.interactive() {
		return workspace.WithHint(workspace.Usagef("%s needs an answer, and there is no terminal to ask on", firstWords(question)), "answer it with --yes")
	}
	answer, err := a.ask(ctx, question+" [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(answer) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}

// confirmName asks for a name to be typed, for what cannot be undone.
func (a *app) confirmName(ctx context.Context, question, name string, yes bool) error {
	if yes {
		return nil
	}
	if !a.interactive() {
		return workspace.WithHint(workspace.Usagef("%s needs an answer, and there is no terminal to ask on", firstWords(question)), "answer it with --yes")
	}
	answer, err := a.ask(ctx, question+"\nType "+name+" to confirm: ")
	if err != nil {
		return err
	}
	if answer != name {
		return fmt.Errorf("the name does not match: %w", errDeclined)
	}
	return nil
}

// firstWords gives the question up to its first punctuation, in lower case.
func firstWords(question string) string {
	if i := strings.IndexAny(question, "?.:\n"); i > 0 {
		question = question[:i]
	}
	return strings.ToLower(question[:1]) + question[1:]
}

// ask writes prompt and reads one line. A signal ends it: the read goes on in
// a goroutine that the process takes along when it exits, because reading a
// terminal cannot be interrupted everywhere.
func (a *app) ask(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(a.err, prompt)
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		answers <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case got := <-answers:
		if got.err != nil && (got.line == "" || !errors.Is(got.err, io.EOF)) {
			fmt.Fprintln(a.err)
			return "", errDeclined
		}
		return got.line, nil
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return "", context.Cause(ctx)
	}
}
