package kube

// Reading the kubeconfig, and saying what is wrong with it.

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/berth-sh/berth/workspace"
)

// ErrNoKubeconfig is returned, wrapped, where no kubeconfig was found. It
// comes with kind workspace.ErrUsage.
var ErrNoKubeconfig = errors.New("no kubeconfig found")

// Context is one context of the kubeconfig.
type Context struct {
	Name      string
	Server    string // address of the API server
	Namespace string // "" when the context names none
	Current   bool
}

// Contexts lists the contexts of the kubeconfig by name. It opens no
// connection.
func Contexts(o Options) ([]Context, error) {
	raw, err := rules(o).Load()
	if err != nil {
		return nil, loadError(o, err)
	}
	contexts := make([]Context, 0, len(raw.Contexts))
	for name, c := range raw.Contexts {
		entry := Context{Name: name, Namespace: c.Namespace, Current: name == raw.CurrentContext}
		if cluster := raw.Clusters[c.Cluster]; cluster != nil {
			entry.Server = workspace.Safe(cluster.Server)
		}
		contexts = append(contexts, entry)
	}
	slices.SortFunc(contexts, func(a, b Context) int { return strings.Compare(a.Name, b.Name) })
	return contexts, nil
}

// rules says where the kubeconfig is looked for, as kubectl does.
func rules(o Options) *clientcmd.ClientConfigLoadingRules {
	r := clientcmd.NewDefaultClientConfigLoadingRules()
	r.ExplicitPath = o.Kubeconfig
	r.Warner = func(error) {} // missing files are reported by what they lack
	return r
}

// loaded is what a kubeconfig says about one context.
type loaded struct {
	config                   *rest.Config
	context, namespace, path string
}

// load reads the kubeconfig for one context.
func load(o Options) (loaded, error) {
	r := rules(o)
	raw, err := r.Load()
	if err != nil {
		return loaded{}, loadError(o, err)
	}
	l := loaded{context: o.Context}
	if l.context == "" {
		l.context = raw.CurrentContext
	}
	if len(raw.Contexts) > 0 {
		if err := checkContext(raw, l.context, o.Context != ""); err != nil {
			return loaded{}, err
		}
		l.path = raw.Contexts[l.context].LocationOfOrigin
	}
	deferred := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(r, &clientcmd.ConfigOverrides{CurrentContext: o.Context})
	l.config, err = deferred.ClientConfig()
	if err != nil {
		return loaded{}, loadError(o, err)
	}
	l.namespace, _, err = deferred.Namespace()
	if err != nil {
		return loaded{}, loadError(o, err)
	}
	return l, nil
}

// checkContext reports a context that does not exist, with those that do.
func checkContext(raw *api.Config, name string, asked bool) error {
	if raw.Contexts[name] != nil {
		return nil
	}
	names := make([]string, 0, len(raw.Contexts))
	for n := range raw.Contexts {
		names = append(names, workspace.Safe(n))
	}
	slices.Sort(names)
	hint := "contexts: " + strings.Join(names, ", ")
	switch {
	case name == "":
		return workspace.WithHint(workspace.Usagef("the kubeconfig has no current context"), "name one with --context; "+hint)
	case asked:
		return workspace.WithHint(workspace.Usagef("context %q is not in the kubeconfig", workspace.Safe(name)), hint)
	}
	return workspace.WithHint(workspace.Usagef("the kubeconfig's current context %q does not exist", workspace.Safe(name)), hint)
}

// loadError says what is wrong with a kubeconfig.
func loadError(o Options, err error) error {
	switch {
	case clientcmd.IsEmptyConfig(err), errors.Is(err, fs.ErrNotExist), errors.Is(err, rest.ErrNotInCluster):
		where := "looked in KUBECONFIG and ~/.kube/config"
		if o.Kubeconfig != "" {
			where = "there is no file " + o.Kubeconfig
		}
		return workspace.WithHint(workspace.WithKind(workspace.ErrUsage, fmt.Errorf("%w: %s", ErrNoKubeconfig, where)),
			"set KUBECONFIG to a cluster's file, or start the embedded cluster: berth sandbox up")
	case errors.Is(err, fs.ErrPermission):
		return workspace.WithKind(workspace.ErrForbidden, fmt.Errorf("reading kubeconfig: %w", err))
	}
	return brokenKubeconfig(o.Kubeconfig, err)
}

// brokenKubeconfig reports a file that is there and makes no sense.
func brokenKubeconfig(path string, err error) error {
	what := "kubeconfig"
	if path != "" {
		what += " " + path
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrUsage, fmt.Errorf("reading %s: %w", what, safeError(err))),
		"check it with: kubectl config view")
}
