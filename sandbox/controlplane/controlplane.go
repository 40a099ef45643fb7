// Package controlplane runs the control plane of the sandbox: etcd and the
// Kubernetes API server, controller manager and scheduler, each a process of
// its own that is this program run again.
//
// # Trust
//
// Everything listens on the loopback address, where other accounts of the
// machine can connect too; so every connection is TLS with a client
// certificate from the sandbox's own random authority.
//
// # Supervision
//
// [Plane.Run] owns the processes: it starts them in the order of their needs,
// starts one that ends again, at once when it had run well before, and stops
// them in the reverse order.
package controlplane

import (
	"context"
	"log/slog"
	"sync"

	"github.com/berth-sh/berth/sandbox/proc"
	"github.com/berth-sh/berth/sandbox/state"
)

// Config is what a Plane is made of.
type Config struct {
	Components []Component
	Executable string   // this program
	Env        []string // of the components
	Dir        string   // their working directory
	LogDir     string
	Changed    func() // called when Status has something new; must not block
	Log        *slog.Logger
}

// Plane is a control plane under supervision.
type Plane struct {
	Config
	log     *slog.Logger
	spawner *proc.Spawner
	runners []*runner
}

// New returns a Plane of the components, each listed after those it needs.
func New(cfg Config) *Plane {
	p := &Plane{Config: cfg, log: cfg.Log, spawner: proc.NewSpawner()}
	byName := map[string]*runner{}
	for _, c := range cfg.Components {
		r := &runner{Component: c, plane: p, worked: make(chan struct{}), ended: make(chan struct{})}
		for _, name := range c.needs {
			need := byName[name]
			r.needs = append(r.needs, need)
			need.users = append(need.users, r)
		}
		byName[c.Name] = r
		p.runners = append(p.runners, r)
	}
	return p
}

// Run runs the components until ctx ends, and returns when all have ended.
func (p *Plane) Run(ctx context.Context) {
	spawning, stop := context.WithCancel(context.WithoutCancel(ctx))
	var spawner, runners sync.WaitGroup
	spawner.Go(func() { p.spawner.Run(spawning) })
	for _, r := range p.runners {
		runners.Go(func() { r.run(ctx) })
	}
	runners.Wait()
	stop()
	spawner.Wait()
}

// Worked is closed once the named component has worked for the first time; it
// is nil for a component that the plane does not have.
func (p *Plane) Worked(name string) <-chan struct{} {
	for _, r := range p.runners {
		if r.Name == name {
			return r.worked
		}
	}
	return nil
}

// Status is the state of each component, in the order of their start.
func (p *Plane) Status() []state.Component {
	var list []state.Component
	for _, r := range p.runners {
		list = append(list, r.status())
	}
	return list
}
