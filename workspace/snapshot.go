package workspace

import "time"

// Snapshot is all that the program shows about one scope at one moment. It is
// immutable: a change makes a new one, so that it may be read without a lock.
type Snapshot struct {
	Context      string    // kubeconfig context; "" before one is known
	Cluster      ClusterID // "" until the cluster has answered
	ClusterName  string    // short name, for aliases
	Namespace    string    // "" means all namespaces
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

// Live reports whether the snapshot is current.
func (s Snapshot) Live() bool { return s.Synced && s.StaleSince.IsZero() }

// Counts returns how many workspaces exist (deleted ones not counted), run and
// fail.
func (s Snapshot) Counts() (all, running, failing int) {
	for _, w := range s.Workspaces {
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
