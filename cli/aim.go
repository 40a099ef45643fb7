package cli

// Next steps name commands. One that is typed as it stands must reach the
// cluster that the user is looking at, so the flags that chose it go along.

import (
	"errors"
	"regexp"
	"strings"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// program is how a next step calls this program for the same cluster.
func (a *app) program() string {
	words := []string{"berth"}
	switch {
	case a.flags.sandbox:
		words = append(words, "--sandbox")
	default:
		if a.flags.kubeconfig != "" {
			words = append(words, "--kubeconfig", a.flags.kubeconfig)
		}
		if a.flags.context != "" {
			words = append(words, "--context", a.flags.context)
		}
	}
	return tunnel.Quote(words)
}

// kubectl is how a next step calls kubectl for the same cluster.
func (a *app) kubectl() string {
	words := []string{"kubectl"}
	kubeconfig := a.flags.kubeconfig
	if a.flags.sandbox {
		kubeconfig = a.env.sandboxKubeconfig()
	}
	if kubeconfig != "" {
		words = append(words, "--kubeconfig", kubeconfig)
	}
	if a.flags.context != "" {
		words = append(words, "--context", a.flags.context)
	} else if config, err := a.config(); err == nil && config.Context != "" && !a.flags.sandbox {
		words = append(words, "--context", config.Context)
	}
	return tunnel.Quote(words)
}

// clusterCommand finds the commands in a hint that go to a cluster.
var clusterCommand = regexp.MustCompile(`\bberth (create|delete|edit|logs|ls|open|purge|restart|restore|ssh|start|stop|why)\b`)

// aim makes the hints of err reach the cluster that the flags have chosen.
func (a *app) aim(err error) error {
	if err == nil || a.program() == "berth" {
		return err
	}
	return &aimedError{err, clusterCommand.ReplaceAllString(workspace.HintOf(err), strings.ReplaceAll(a.program(), "$", "$$")+" $1")}
}

// aimedError is an error whose hints have been aimed.
type aimedError struct {
	error
	hint string
}

func (e *aimedError) Unwrap() error { return e.error }

// hints returns what to tell beside err.
func hints(err error) string {
	var aimed *aimedError
	if errors.As(err, &aimed) {
		return aimed.hint
	}
	return workspace.HintOf(err)
}
