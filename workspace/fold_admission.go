package workspace

// Rules about pods that do not come into being. Admission refuses them towards
// the ReplicaSet controller, so the only trace is the condition ReplicaFailure
// of the ReplicaSet; the Deployment repeats it, which serves where ReplicaSets
// may not be seen.

import "strings"

func foldAdmission(o *Observed) (Status, bool) {
	if o.current() != nil {
		return Status{}, false
	}
	object, c := o.replicaFailure()
	if c == nil {
		return Status{}, false
	}
	kind, name, _ := strings.Cut(object, "/")
	evidence := []Evidence{o.evidence(kind, name, c.Reason+": "+c.Message, c.Since).at(conditionField("ReplicaFailure"))}
	for _, f := range []func(*Observed, *Condition, []Evidence) (Status, bool){
		refusedByNamespace, refusedByQuota, refusedByLimits, refusedByPodSecurity, refusedByWebhook,
	} {
		if s, ok := f(o, c, evidence); ok {
			return s, true
		}
	}
	return failing(ReasonPodRefused, "pod refused", "The API server refuses the pod: "+clip(refusal(c.Message))+".", c.Since, evidence,
		step("change what it refuses", o.berth("edit")), o.stepEvents())
}

// replicaFailure returns the newest ReplicaSet's refusal and who carries it.
func (o *Observed) replicaFailure() (object string, c *Condition) {
	if len(o.ReplicaSets) > 0 {
		rs := &o.ReplicaSets[0]
		if c := findCondition(rs.Conditions, "ReplicaFailure"); c != nil && c.True {
			return "ReplicaSet/" + rs.Name, c
		}
		return "", nil
	}
	if c := findCondition(o.Deployment.Conditions, "ReplicaFailure"); c != nil && c.True {
		return "Deployment/" + o.Deployment.Name, c
	}
	return "", nil
}

func refusedByNamespace(o *Observed, c *Condition, evidence []Evidence) (Status, bool) {
	if !strings.Contains(c.Message, "because it is being terminated") {
		return Status{}, false
	}
	s, ok := foldNamespace(&Observed{Ref: o.Ref, Program: o.Program, Kubectl: o.Kubectl, NamespaceTerminating: true})
	s.Since, s.Evidence = c.Since, evidence
	return s, ok
}

func refusedByQuota(o *Observed, c *Condition, evidence []Evidence) (Status, bool) {
	q, ok := parseQuota(c.Message)
	if !ok {
		return Status{}, false
	}
	show := step("see the quota", o.kubectl("describe", "quota", q.name))
	if len(q.unset) > 0 {
		return failing(ReasonQuota, "quota", "Quota "+q.name+" wants a value for "+join(q.unset)+".", c.Since, evidence,
			step("set it", o.berth("edit")), show)
	}
	var parts []string
	for _, i := range q.items {
		parts = append(parts, i.resource+" asks for "+i.asked+", "+i.used+" of "+i.limit+" are used")
	}
	return failing(ReasonQuota, "quota exceeded", "Quota "+q.name+" is exceeded: "+strings.Join(parts, "; ")+".", c.Since, evidence,
		step("stop another workspace of this namespace", o.program()+" ls --namespace "+o.Namespace),
		step("ask for less", o.berth("edit", "--cpu", "CPU", "--memory", "SIZE")), show)
}

func refusedByLimits(o *Observed, c *Condition, evidence []Evidence) (Status, bool) {
	bounds := parseLimitRange(c.Message)
	if len(bounds) == 0 {
		return Status{}, false
	}
	return failing(ReasonLimitRange, "outside limits", "The namespace's limits refuse the pod: "+strings.Join(bounds, "; ")+".", c.Since, evidence,
		step("choose a size within the limits", o.berth("edit", "--cpu", "CPU", "--memory", "SIZE")),
		step("see the limits", o.kubectl("describe", "limitrange")))
}

func refusedByPodSecurity(o *Observed, c *Condition, evidence []Evidence) (Status, bool) {
	level, why, ok := parsePodSecurity(c.Message)
	if !ok {
		return Status{}, false
	}
	sentence := "Namespace " + o.Namespace + " admits only pods of Pod Security level " + level
	if why != "" {
		sentence += ": " + clip(why)
	}
	profile := admittedProfile(level)
	if profile == "" {
		return failing(ReasonPodSecurity, "pod security", sentence+".", c.Since, evidence,
			step("see the namespace's labels", o.clusterwide("get", "namespace", o.Namespace, "--show-labels")))
	}
	return failing(ReasonPodSecurity, "pod security", sentence+". Profile "+string(profile)+" would be admitted.", c.Since, evidence,
		step("use profile "+string(profile), o.berth("edit", "--profile", string(profile))))
}

// admittedProfile returns the profile with most rights that a Pod Security
// level admits, or "" for a level that is not known.
func admittedProfile(level string) Profile {
	switch level {
	case "restricted":
		return Restricted
	case "baseline":
		return Standard
	}
	return ""
}

func refusedByWebhook(o *Observed, c *Condition, evidence []Evidence) (Status, bool) {
	name, says, kind := parsePolicy(c.Message)
	switch kind {
	case policyDenied:
		sentence := "Policy " + name + " refuses the pod"
		if says != "" {
			sentence += ": " + clip(says)
		}
		return failing(ReasonWebhook, "refused by policy", sentence+".", c.Since, evidence,
			step("change what it refuses, or ask who runs the policy", o.berth("edit")))
	case policyBroken:
		return failing(ReasonWebhook, "policy not answering", "Policy "+name+" must be asked about every pod and does not answer: "+clip(says)+".", c.Since, evidence,
			step("tell an administrator; no pod can start meanwhile", o.clusterwide("get", "mutatingwebhookconfigurations,validatingwebhookconfigurations")))
	case policyNone:
	}
	return Status{}, false
}

func foldEvicted(o *Observed) (Status, bool) {
	if o.current() != nil || len(o.Pods) == 0 || o.going() != nil {
		return Status{}, false
	}
	p := &o.Pods[0]
	if p.Phase != "Failed" {
		return Status{}, false
	}
	since, cause := p.Created, orElse(clip(p.Message), "the node does not say why")
	if c := p.condition("DisruptionTarget"); c != nil && c.True {
		since = sinceFirst(c.Since, since)
	}
	evidence := []Evidence{o.podEvidence(p, p.Reason+": "+p.Message, since).at("status.reason")}
	switch p.Reason {
	case "UnexpectedAdmissionError", "NodeAffinity", "NodePorts", "OutOfcpu", "OutOfmemory", "OutOfpods", "OutOfephemeral-storage", "AppArmor":
		return failing(ReasonPodRefused, "refused by node", "Node "+p.Node+" refused the pod: "+cause+".", since, evidence, o.stepRestart())
	}
	return failing(ReasonEvicted, "evicted", "The pod was removed from node "+orElse(p.Node, "unknown")+": "+cause+"; a new one has not come yet.", since, evidence,
		step("make room or ask for more", o.berth("edit", "--memory", "SIZE")), o.stepEvents())
}
