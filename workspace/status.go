package workspace

import "time"

// Phase is the one word that the list shows.
type Phase string

// The phases. Losing the API is staleness, not a phase.
const (
	Starting    Phase = "Starting"
	Running     Phase = "Running"
	Stopping    Phase = "Stopping"
	Stopped     Phase = "Stopped"
	Failing     Phase = "Failing"
	Unreachable Phase = "Unreachable" // pod ready but route or sshd fails, or node lost
	Deleted     Phase = "Deleted"     // only home and identity are left
)

// Reason says why a workspace is in its phase. The list is closed: each has
// one sentence and one next step, and a case in the fold's table test.
type Reason string

// The reasons, grouped by what they explain.
const (
	ReasonReady    Reason = "Ready"
	ReasonStopped  Reason = "StoppedByUser"
	ReasonStopping Reason = "PodTerminating"
	ReasonDeleted  Reason = "DeletedByUser"

	// Running, and the load balancer is on its way.
	ReasonAddressPending Reason = "AddressPending"

	// On the way up; none of them is an error.
	ReasonCreating        Reason = "Creating"        // Deployment seen, no pod yet
	ReasonScheduling      Reason = "Scheduling"      // pod waits for the scheduler
	ReasonScalingUp       Reason = "NodeScalingUp"   // the autoscaler brings a node
	ReasonWaitingConsumer Reason = "VolumeBinding"   // wait-for-first-consumer, or being provisioned
	ReasonAttaching       Reason = "AttachingVolume" // scheduled, volumes not mounted yet
	ReasonPulling         Reason = "PullingImage"
	ReasonContainerCreate Reason = "ContainerCreating"
	ReasonWaitingForSSH   Reason = "WaitingForSSH" // container runs, readiness not yet
	ReasonRestarting      Reason = "Restarting"    // old pod goes, new one comes

	// Failures.
	ReasonImageAuth        Reason = "ImagePullDenied"
	ReasonImageNotFound    Reason = "ImageNotFound"
	ReasonImageNetwork     Reason = "ImagePullNetwork"
	ReasonImageInvalid     Reason = "ImageNameInvalid"
	ReasonUnschedulable    Reason = "Unschedulable" // says which resource or rule
	ReasonQuota            Reason = "QuotaExceeded"
	ReasonLimitRange       Reason = "LimitRangeViolated"
	ReasonNoStorageClass   Reason = "NoStorageClass"
	ReasonNoCapacity       Reason = "NoVolumeCapacity"
	ReasonClaimMissing     Reason = "ClaimMissing"
	ReasonClaimLost        Reason = "ClaimLost"
	ReasonMultiAttach      Reason = "VolumeInUseElsewhere"
	ReasonMountFailed      Reason = "MountFailed"
	ReasonSecretMissing    Reason = "SecretMissing"
	ReasonPodSecurity      Reason = "PodSecurityRefused"
	ReasonWebhook          Reason = "WebhookRefused"
	ReasonPodRefused       Reason = "PodRefused" // any other refusal on the ReplicaSet
	ReasonConfigError      Reason = "ContainerConfigError"
	ReasonRunError         Reason = "ContainerCannotRun"
	ReasonCrashLoop        Reason = "CrashLoop"      // exit code and last lines
	ReasonRefused          Reason = "RefusedToStart" // the boot script says why
	ReasonOOM              Reason = "OutOfMemory"
	ReasonNotReady         Reason = "SSHNotAnswering" // readiness failing
	ReasonEvicted          Reason = "Evicted"
	ReasonNamespaceGone    Reason = "NamespaceTerminating"
	ReasonProgressDeadline Reason = "ProgressDeadlineExceeded"

	// Unreachable.
	ReasonNodeLost   Reason = "NodeLost"
	ReasonRouteFails Reason = "RouteNotAnswering"
	ReasonNoAddress  Reason = "NoAddress" // the load balancer is overdue

	// What cannot be known.
	ReasonNoPermission Reason = "NoPermission" // pods or claims may not be seen
)

// Status is what Fold makes of everything observed.
type Status struct {
	Phase    Phase
	Reason   Reason
	Sentence string     // one human sentence, no full stop missing, no escape sequences
	Brief    string     // a few lower-case words for the list: "pulling image", "image not found"
	Since    time.Time  // when it began; zero when unknown
	Evidence []Evidence // which object said so
	Next     []NextStep // what to do, most useful first; may be empty when nothing is wrong
}

// Healthy reports whether nothing is wrong: running, stopped, or on the way.
func (s Status) Healthy() bool { return s.Phase != Failing && s.Phase != Unreachable }

// Evidence is one object's own words.
type Evidence struct {
	Object  string    // Kind/name
	Field   string    // where it says so: "status.conditions[PodScheduled]", "event FailedMount"; "" when it is no field's
	Says    string    // its reason and message
	Since   time.Time // of an event, the last time; zero when unknown
	Count   int       // how often, of an event that has been repeated
	Command string    // kubectl line that shows it; "" when there is none
}

// NextStep is something the user can do.
type NextStep struct {
	Text    string // lower case, imperative: "check the image name"
	Command string // berth or kubectl line; "" when there is none
}
