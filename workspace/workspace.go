// Package workspace holds the nouns of berth and the rules about them that
// need nothing but the standard library.
//
// # Nouns
//
// A [Workspace] is one row of the list: a Deployment that runs an SSH server,
// with its home, keys, Service and route. A [Spec] is what somebody asked for;
// a [Status] is what the cluster made of it: a [Phase], a [Reason] from a
// closed list, a sentence, the evidence and the next step.
//
// # The fold
//
// [Fold] turns what was observed of one workspace into its Status. It is pure:
// the clock, missing permissions and staleness are inputs.
//
// # Text
//
// Every string that comes from a cluster, a gateway or a process is hostile
// until [Safe] or [SafeText] has seen it. The kube package calls them when it
// fills these structs, so that nobody else has to remember.
package workspace

import (
	"strconv"
	"time"
)

// GPUResource is the resource that Spec.GPU counts: what device plugins of the
// most common vendor offer.
const GPUResource = "nvidia.com/gpu"

// ClusterID identifies a cluster: the UID of its namespace kube-system, or,
// where that may not be read, a hash of the server's address and CA.
type ClusterID string

// Key names one workspace for good. A name may be taken again by a new
// workspace; a UID may not.
type Key struct {
	Cluster ClusterID
	UID     string
}

// Ref is a workspace's address within a cluster.
type Ref struct {
	Namespace string
	Name      string
}

// String gives NAMESPACE/NAME.
func (r Ref) String() string { return r.Namespace + "/" + r.Name }

// Workspace is one row of the list. All text in it has passed Safe.
type Workspace struct {
	Cluster ClusterID
	UID     string // of the Deployment; of the claim when deleted
	Ref

	Spec    Spec
	Status  Status
	Created time.Time

	ReadySince time.Time // zero when not ready
	Pod        string    // name of the current pod; "" when there is none
	Node       string
	Restarts   int
	HostKey    string // public key line from the Deployment's or claim's annotation; "" when unknown
	Succession string // how HostKey came from earlier ones, see Succeeds
	Context    string // kubeconfig context, where several are shown; else ""
	Alias      string // short alias NAME.NAMESPACE.berth
	ClaimUID   string // precondition of purge
	DeletedAt  time.Time
	Capacity   string // of the home's claim, as the cluster reports it
	Route      Route
	Probe      *Probe // the newest of the current pod; nil when nobody has tried the route

	// Timeline holds when the current pod was scheduled, initialized, started
	// and became ready; zero times are steps not reached.
	Timeline Timeline
}

// Key returns the row's identity.
func (w Workspace) Key() Key { return Key{w.Cluster, w.UID} }

// Deleted reports whether only home and identity are left.
func (w Workspace) Deleted() bool { return w.Status.Phase == Deleted }

// Timeline is the start of one pod, step by step.
type Timeline struct {
	Created, Scheduled, Initialized, Started, Ready time.Time
}

// Event is one Kubernetes event about an object of a workspace.
type Event struct {
	Time    time.Time // last seen
	First   time.Time // first seen; zero when unknown
	Type    string    // Normal or Warning
	Reason  string
	Object  string // Kind/name
	Message string
	Count   int
}

// LogLine is one line of a container's log.
type LogLine struct {
	Time time.Time // zero when the line carries none
	Text string
}

// Object names one cluster object that belongs to a workspace and its state.
type Object struct {
	Kind   string
	Name   string
	State  string // one word or two: "Bound", "1/1 ready", "present", "missing", "no permission"
	Detail string
	Age    time.Duration
}

// Progress is one step of a longer operation, as told to whoever waits.
type Progress struct {
	Step    string        // what is being done: "secret api-ssh", "waiting for sshd"
	Done    bool          // false when the step begins
	Elapsed time.Duration // since the operation began
}

// Facts are sentences about what a workspace has and does beyond its status:
// what its profile keeps, the GPUs it holds, and that a node drain waits for
// it.
func (w Workspace) Facts(inst Installation) []string {
	var facts []string
	switch w.Spec.Profile {
	case Full:
		facts = append(facts, "Profile full: home and system persist (Pod Security form "+string(w.Spec.Form)+").")
	case Restricted, Standard:
		facts = append(facts, "Profile "+string(w.Spec.Profile)+": the home persists, the rest is the image's after a restart.")
	}
	if w.Spec.GPU > 0 {
		facts = append(facts, strconv.Itoa(w.Spec.GPU)+" × "+GPUResource+".")
	}
	if w.Status.Phase == Running && !w.Spec.NoPDB && inst.Evictions != "allow" {
		facts = append(facts, "A node drain waits for this workspace; berth stop "+w.Name+" --namespace "+w.Namespace+" lets it go on, berth edit --no-pdb always.")
	}
	return facts
}
