package workspace

// Labels and annotations: everything is rediscovered from these, so another
// laptop sees the same list.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by" // always "berth"
	LabelComponent = "app.kubernetes.io/component"  // always "workspace"
	LabelWorkspace = "berth.sh/workspace"           // the workspace's name
	LabelDeleted   = "berth.sh/deleted"             // "true" on what delete has kept
	LabelNamespace = "berth.sh/namespace"           // the workspace's, on what is in the gateway's namespace
	LabelRoute     = "berth.sh/route"               // a gateway kind, on a Service that is a route

	AnnotationSpec      = "berth.sh/spec"                // on the claim: the kept spec
	AnnotationHostKey   = "berth.sh/host-key"            // on Deployment and claim: the public host key
	AnnotationSucceeds  = "berth.sh/host-key-succession" // on the claim: how the host key came from earlier ones, see Succeeds
	AnnotationDeletedAt = "berth.sh/deleted-at"          // RFC 3339, on what delete has kept
	AnnotationPort      = "berth.sh/port"                // on Deployment and claim: the port that it has, or had, at the gateway

	ManagedBy = "berth"
	Component = "workspace"

	// FieldManager applies objects; ScaleManager alone owns spec.replicas, so
	// that editing a stopped workspace does not start it.
	FieldManager = "berth"
	ScaleManager = "berth-scale"
)

// The names of the objects of a workspace.

// SecretName is the Secret with host key and authorized_keys.
func (r Ref) SecretName() string { return r.Name + "-ssh" }

// ClaimName is the claim of the home.
func (r Ref) ClaimName() string { return r.Name + "-home" }

// BootName is the ConfigMap with entrypoint and sshd_config.
func (r Ref) BootName() string { return r.Name + "-boot" }

// BalancerName is the Service of type LoadBalancer (gateway kind
// load-balancer).
func (r Ref) BalancerName() string { return r.Name + "-lb" }

// SSHPort is where sshd listens in the pod, in every profile.
const SSHPort = 2222
