package workspace

import "time"

// Context is one of the kubeconfig.
type Context struct {
	Name   string
	Server string // where its API server is
}

// Snapshot is all that the program shows about one scope at one moment. It is
// immutable: a change makes a new one, so that it may be read without a lock.
type Snapshot struct {
	Context      string    // kubeconfig context; "" before one is known
	Places       []Place   // where several contexts are shown, each of them; Context names all then
	Cluster      ClusterID // "" until the cluster has answered
	ClusterName  string    // short name, for aliases
	Namespace    string    // "" means all namespaces, or those of Places
	Installation Installation

	Workspaces []Workspace // unsorted, deleted ones included
	Probe      *Probe      // the newest of any workspace's; nil when no route was tried
	Denied     []Access    // what could not be read; the list is partial when not empty

	Synced     bool      // a complete first list has arrived
	StaleSince time.Time // zero while the watch is live
	Problem    string    // one line: why it is stale or empty; "" when all is well
	Hint       string    // next step for Problem
	Retry      time.Time // when the cluster is asked again; zero while that is soon
	Login      bool      // the cluster wants a login
}

// Place is one of several contexts that are shown together.
type Place struct {
	Context      string
	Namespace    string // "" means all namespaces
	Installation Installation
	Synced       bool   // its complete first list has arrived
	Problem      string // as the snapshot's
}

// Contexts returns the names of Places.
func (s Snapshot) Contexts() []string {
	names := make([]string, len(s.Places))
	for i, p := range s.Places {
		names[i] = p.Context
	}
	return names
}

// Live reports whether the snapshot is current.
func (s Snapshot) Live() bool { return s.Synced && s.StaleSince.IsZero() }

// Counts returns how many workspaces exist (deleted ones not counted), run and
// fail.
func (s Snapshot) Counts() (all, running, failing int) {
	for i := range s.Workspaces {
		w := &s.Workspaces[i]
		switch w.Status.Phase {
		case Deleted:
			continue
		case Running:
			running++
		case Failing, Unreachable:
			failing++
		case Starting, Stopping, Stopped:
		}
		all++
	}
	return all, running, failing
}
