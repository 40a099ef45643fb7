package cli

// The program may go from one context to another, or show several. Each has an
// app of its own, made when it is first gone to, so that one whose credentials
// hang, or whose API server does not answer, never delays another. What is done
// to a workspace goes through the context that has shown it.

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// fleet is the contexts that the program has been to.
type fleet struct {
	base *app // of the flags

	mu     sync.Mutex // guards what follows
	here   *app       // whose workspaces are shown; where new ones are made
	apps   map[string]*app
	owners map[workspace.ClusterID]*app
}

func newFleet(a *app) *fleet {
	return &fleet{base: a, here: a, apps: map[string]*app{}, owners: map[workspace.ClusterID]*app{}}
}

// in returns the app of a context.
func (f *fleet) in(context string) *app {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.apps[context] == nil {
		f.apps[context] = f.base.inContext(context)
		f.apps[context].flags.namespace, f.apps[context].flags.allNamespaces = "", false // they were meant for the flags' context
	}
	return f.apps[context]
}

// at returns the app of a context that is or was shown.
func (f *fleet) at(context string) *app {
	here := f.now()
	if client, err := here.client(); context == "" || err == nil && client.ContextName() == context {
		return here
	}
	return f.in(context)
}

// named returns the app of a context that the flags name, among others.
func (f *fleet) named(context string) *app {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apps[context] = f.base.inContext(context)
	return f.apps[context]
}

// inContext is a for another context of the same kubeconfig.
func (a *app) inContext(context string) *app {
	b := *a
	b.flags.context = context
	b.client = onceGood(b.newClient)
	b.cluster = onceGood(b.newCluster)
	return &b
}

// settle says whose workspaces are shown from now on.
func (f *fleet) settle(a *app) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.here = a
}

// owns remembers whose workspaces a cluster's are.
func (f *fleet) owns(cluster workspace.ClusterID, a *app) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owners[cluster] = a
}

// of returns the app through which a workspace was shown.
func (f *fleet) of(w workspace.Workspace) *app {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a := f.apps[w.Context]; a != nil && w.Context != "" {
		return a
	}
	if a := f.owners[w.Cluster]; a != nil {
		return a
	}
	return f.here
}

// now returns the app of what is shown.
func (f *fleet) now() *app {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.here
}

// several returns the contexts that the flags name when they name more than
// one: --context a,b or the flag more than once. A context whose own name has a
// comma is one.
func (f *fleet) several() []string {
	known := map[string]bool{}
	list, _ := f.contexts() // an error comes again where it can be told
	for _, c := range list {
		known[c.Name] = true
	}
	var names []string
	for _, value := range f.base.flags.contexts {
		parts := []string{value}
		if !known[value] {
			parts = strings.Split(value, ",")
		}
		for _, name := range parts {
			if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) < 2 {
		return nil
	}
	return names
}

// contexts lists those that the program can go to.
func (f *fleet) contexts() ([]workspace.Context, error) {
	o := kube.Options{Kubeconfig: f.base.flags.kubeconfig}
	if f.base.flags.sandbox {
		o.Kubeconfig = f.base.env.sandboxKubeconfig()
	}
	list, err := kube.Contexts(o)
	if err != nil {
		return nil, err
	}
	out := make([]workspace.Context, len(list))
	for i, c := range list {
		out[i] = workspace.Context{Name: c.Name, Server: c.Server}
	}
	return out, nil
}

// sshConfig is that of the workspace's app.
func (f *fleet) sshConfig(ctx context.Context, w workspace.Workspace, fellBack func(error)) (tunnel.Config, error) {
	return f.of(w).sshConfig(ctx, w, fellBack)
}
