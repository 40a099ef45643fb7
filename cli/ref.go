package cli

import (
	"errors"
	"os"
	"strings"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// parseRef reads one workspace argument.
func parseRef(arg, namespace string) (workspace.Ref, error) {
	ref := workspace.Ref{Namespace: namespace, Name: arg}
	switch {
	case strings.HasSuffix(arg, ".berth"):
		alias, _, err := workspace.ParseAlias(arg)
		if err != nil {
			return ref, err
		}
		return alias, nil
	case strings.Contains(arg, "/"):
		ref.Namespace, ref.Name, _ = strings.Cut(arg, "/")
	}
	return ref, workspace.ValidateRef(ref)
}

// checkName checks what can be checked before a cluster is known.
func checkName(arg string) error {
	_, err := parseRef(arg, "default")
	return err
}

// hintSandbox tells someone without a kubeconfig about the sandbox that is
// already there.
func (a *app) hintSandbox(err error) error {
	if !errors.Is(err, kube.ErrNoKubeconfig) {
		return err
	}
	if _, missing := os.Stat(a.env.sandboxKubeconfig()); missing != nil {
		return err
	}
	return workspace.WithHint(err, "a sandbox is here: add --sandbox")
}
