package workspace

// Rules about the home's claim and about mounting. A claim that waits for its
// pod, or is being provisioned, is no error; a claim without a class, without
// room, or held by another node is.

import (
	"regexp"
	"strings"
	"time"
)

func foldClaimGone(o *Observed) (Status, bool) {
	if o.Claim == nil {
		if o.denied("persistentvolumeclaims") != nil || !o.passed(o.Deployment.Created, lag) {
			return Status{}, false
		}
		return failing(ReasonClaimMissing, "home missing", "The claim "+o.ClaimName()+" of the home does not exist, so no pod can start.", time.Time{},
			[]Evidence{o.evidence("PersistentVolumeClaim", o.ClaimName(), "not found", time.Time{})},
			step("make the workspace anew, with an empty home", o.berth("delete")), o.stepEvents())
	}
	switch {
	case o.Claim.Phase == "Lost":
		return failing(ReasonClaimLost, "home lost", "The volume behind the home is gone: claim "+o.Claim.Name+" is Lost.", time.Time{},
			[]Evidence{o.evidence("PersistentVolumeClaim", o.Claim.Name, "Lost", time.Time{}).at("status.phase")},
			step("ask an administrator whether the volume can be brought back, before anything is deleted", o.kubectl("describe", "pvc", o.Claim.Name)))
	case o.Claim.Terminating && o.current() == nil:
		return failing(ReasonClaimMissing, "home going", "The home's claim "+o.Claim.Name+" is being deleted.", o.Claim.DeletedAt,
			[]Evidence{o.evidence("PersistentVolumeClaim", o.Claim.Name, "terminating", o.Claim.DeletedAt).at(deletionField)}, o.stepEvents())
	}
	return Status{}, false
}

func foldClaimPending(o *Observed) (Status, bool) {
	c := o.Claim
	if c == nil || c.Phase != "Pending" {
		return Status{}, false
	}
	object := "PersistentVolumeClaim/" + c.Name
	failed := o.event(object, "ProvisioningFailed", "FailedBinding")
	going := o.event(object, "Provisioning", "ProvisioningSucceeded", "ExternalProvisioning", "WaitForFirstConsumer", "WaitForPodScheduled")
	evidence := []Evidence{o.evidence("PersistentVolumeClaim", c.Name, "Pending", c.Created).at("status.phase")}
	if failed != nil {
		evidence = append(evidence, o.eventEvidence(failed))
	}
	switch {
	case failed != nil && missingClass(failed.Message) != "":
		return o.noClass("Storage class "+missingClass(failed.Message)+" does not exist, so there is no volume for the home.", evidence)
	case c.StorageClass == "" && o.denied("storageclasses.storage.k8s.io") == nil,
		failed != nil && strings.Contains(failed.Message, "no storage class is set"):
		return o.noClass("The home names no storage class and the cluster has no default one.", evidence)
	case failed != nil && (going == nil || !going.Time.After(failed.Time)):
		return failing(ReasonNoCapacity, "no volume", "No volume could be made for the home in class "+orElse(c.StorageClass, "(none)")+": "+clip(failed.Message)+".",
			failed.Time, evidence, step("use another storage class", o.berth("edit", "--storage-class", "CLASS")), step("see the claim", o.kubectl("describe", "pvc", c.Name)))
	}
	if p := o.current(); p != nil && (p.Node != "" || unschedulableForOther(p)) {
		return Status{}, false
	}
	if s, ok := o.admissionWait(); ok {
		return s, true
	}
	what := "being made"
	if c.WaitsForPod {
		what = "made once the pod has a node"
	}
	return starting(ReasonWaitingConsumer, "making volume", "The volume for the home is "+what+".", c.Created, evidence...)
}

// admissionWait keeps "no pod yet" apart from "the volume is not there yet".
func (o *Observed) admissionWait() (Status, bool) {
	if o.current() != nil || o.denied("pods") != nil {
		return Status{}, false
	}
	return foldStarting(o)
}

func (o *Observed) noClass(sentence string, evidence []Evidence) (Status, bool) {
	return failing(ReasonNoStorageClass, "no storage class", sentence, o.Claim.Created, evidence,
		step("see the classes that exist", o.clusterwide("get", "storageclass")),
		step("make it anew with one of them", o.berth("create", "--storage-class", "CLASS")))
}

// unschedulableForOther reports whether the scheduler rejects p for anything
// but its volumes.
func unschedulableForOther(p *Pod) bool {
	c := p.condition("PodScheduled")
	if c == nil || c.True || c.Reason != "Unschedulable" {
		return false
	}
	for _, r := range parseUnschedulable(c.Message).reasons {
		if !r.volume {
			return true
		}
	}
	return false
}

func foldSecret(o *Observed) (Status, bool) {
	if !o.SecretMissing {
		return Status{}, false
	}
	return o.secretMissing(Evidence{Object: "Secret/" + o.SecretName(), Says: "not found", Command: o.kubectl("get", "secret", o.SecretName())})
}

func (o *Observed) secretMissing(e Evidence) (Status, bool) {
	return failing(ReasonSecretMissing, "keys missing", "Secret "+o.SecretName()+" with the host key and the authorized keys does not exist.", e.Since,
		[]Evidence{e}, step("make new keys; ssh will then see a new host identity", o.berth("restore")))
}

// mountFresh is how long a failed mount counts without being repeated: the
// kubelet tries again at least every two minutes and a bit.
const mountFresh = 3 * time.Minute

// mountPatience is how long mounts may fail at first: caches of a kubelet fill
// slower than pods arrive.
const mountPatience = 10 * time.Second

func foldMount(o *Observed) (Status, bool) {
	p := o.current()
	if p == nil || p.Node == "" || p.mounted() {
		return Status{}, false
	}
	e := o.event("Pod/"+p.Name, "FailedAttachVolume", "FailedMount", "FailedMapVolume")
	if e == nil {
		return Status{}, false
	}
	evidence := []Evidence{o.eventEvidence(e)}
	if holder, ok := parseMultiAttach(e.Message); ok {
		return failing(ReasonMultiAttach, "volume in use", "The home's volume is still attached "+holder+", so it cannot come to node "+p.Node+".", e.Time, evidence,
			step("wait; a volume is let go a few minutes after its last pod", ""),
			step("see who holds it", o.kubectl("describe", "pvc", orElse(claimName(o.Claim), o.ClaimName()))))
	}
	if o.passed(e.Time, mountFresh) || !o.passed(p.Created, mountPatience) && strings.Contains(e.Message, "timed out waiting for the condition") {
		return Status{}, false
	}
	if missingSecret(e.Message) == o.SecretName() {
		return o.secretMissing(evidence[0])
	}
	return failing(ReasonMountFailed, "mount failed", "A volume cannot be mounted on node "+p.Node+": "+clip(mountCause(e.Message))+".", e.Time, evidence,
		o.stepEvents(), o.stepRestart())
}

// mounted reports whether p's volumes are known to be there.
func (p *Pod) mounted() bool {
	if c := p.condition("PodReadyToStartContainers"); c != nil && c.True {
		return true
	}
	c, ok := p.mainContainer()
	return ok && (c.State.Kind == "running" || c.Restarts > 0)
}

func claimName(c *Claim) string {
	if c == nil {
		return ""
	}
	return c.Name
}

var (
	missingClassGrammar  = regexp.MustCompile(`storageclass\.storage\.k8s\.io "([^"]*)" not found`)
	missingSecretGrammar = regexp.MustCompile(`(?i)secret "([^"]*)" not found`)
)

func missingClass(message string) string { return submatch(missingClassGrammar, message) }

// missingSecret returns the name of the Secret that a kubelet misses, or "".
func missingSecret(message string) string { return submatch(missingSecretGrammar, message) }

func submatch(grammar *regexp.Regexp, s string) string {
	if m := grammar.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// mountCause cuts the kubelet's preamble.
func mountCause(message string) string {
	for _, before := range []string{"rpc error: code = "} {
		if i := strings.LastIndex(message, before); i >= 0 {
			message = message[i+len(before):]
			if _, desc, ok := strings.Cut(message, " desc = "); ok {
				message = desc
			}
		}
	}
	return message
}
