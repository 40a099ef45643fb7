package workspace

import "time"

// Observed is everything known about one workspace, as plain structs filled by
// kube. Pointers are nil for objects that are not there; what may not be read
// is in Denied, so that absence is never mistaken for a missing permission.
// Every string in it has passed Safe.
type Observed struct {
	Ref
	Now        time.Time
	Denied     []Access
	StaleSince time.Time // zero while the watch is live
	Program    string    // how next steps call this program for this cluster: "berth --context prod"; "" is "berth"
	Kubectl    string    // the same of kubectl; "" is "kubectl"

	NamespaceTerminating bool
	Deployment           *Deployment
	ReplicaSets          []ReplicaSet // newest first
	Pods                 []Pod        // newest first
	Claim                *Claim
	SecretMissing        bool    // known to be absent; Secrets are only ever read by name
	Events               []Event // of all its objects, newest first; often empty, evidence only
	Probe                *Probe  // nil when nobody has tried the route; one about an earlier pod says nothing
	Balancer             *Balancer

	// Read only for a workspace that is looked at, and when its status calls
	// for them.
	Quotas []Quota
	Host   *Node // where the newest pod is
}

// Deployment is the part of a Deployment that the fold reads.
type Deployment struct {
	Name          string
	UID           string
	Created       time.Time
	Replicas      int // asked for
	ReadyReplicas int
	Terminating   bool
	Conditions    []Condition
}

// ReplicaSet is the part of a ReplicaSet that the fold reads: admission
// refuses pods there, and nowhere else.
type ReplicaSet struct {
	Name       string
	UID        string
	Created    time.Time
	Conditions []Condition
}

// Condition is one condition of an object.
type Condition struct {
	Type    string
	True    bool
	Reason  string
	Message string
	Since   time.Time
}

// Pod is the part of a pod that the fold reads.
type Pod struct {
	Name        string
	UID         string
	Created     time.Time
	Phase       string // Pending, Running, Succeeded, Failed, Unknown
	Reason      string // Evicted, NodeLost, …
	Message     string
	Node        string
	NodeLost    bool // the node is known not to be ready
	Terminating bool
	DeletedAt   time.Time // when termination began
	Conditions  []Condition
	Containers  []Container // init containers first
}

// Container is one container's state.
type Container struct {
	Name     string
	Image    string
	Memory   string // limit; "" when there is none
	Init     bool
	Ready    bool
	Started  bool
	Foreign  bool // the workspace's container runs something else than berth's script
	Restarts int
	State    ContainerState
	Last     ContainerState // the previous run; zero when there was none
}

// ContainerState is waiting, running or terminated; Kind is "" when unknown.
type ContainerState struct {
	Kind     string // waiting, running, terminated
	Reason   string
	Message  string
	ExitCode int
	Signal   int
	Since    time.Time // started, or finished when terminated
}

// Claim is the part of a PersistentVolumeClaim that the fold reads.
type Claim struct {
	Name         string
	UID          string
	Created      time.Time
	Phase        string // Pending, Bound, Lost
	StorageClass string // "" when none was named and none is the default
	WaitsForPod  bool   // the class binds on first consumer
	Deleted      bool   // carries the label of a deleted workspace
	DeletedAt    time.Time
	Capacity     string
	Terminating  bool
}

// Quota is one resource of a ResourceQuota.
type Quota struct {
	Name     string // of the ResourceQuota
	Resource string
	Used     string
	Hard     string
	Full     bool // nothing is left
}

// Node is the part of a node that explains a pod's trouble.
type Node struct {
	Name       string
	Cordoned   bool
	Conditions []Condition
}

// Balancer is the part of a Service of type LoadBalancer that the fold reads.
type Balancer struct {
	Name    string
	UID     string
	Created time.Time
	Address string // host name or IP address; "" while the cloud has given none
}
