package workspace

// Rules about a load balancer of the workspace's own, which the cloud makes
// when it likes. Until then the workspace runs and is reached through the API
// server.

import "time"

// balancerOverdue is how long a cloud may take to make a load balancer; the
// slow ones need three minutes.
const balancerOverdue = 5 * time.Minute

func foldAddress(o *Observed) (Status, bool) {
	b, p := o.Balancer, o.current()
	if b == nil || b.Address != "" || p == nil {
		return Status{}, false
	}
	since, ready := p.ready()
	if !ready {
		return Status{}, false
	}
	evidence := []Evidence{o.evidence("Service", b.Name, "no address", b.Created).at("status.loadBalancer")}
	why := ""
	if e := o.warning("Service/" + b.Name); e != nil {
		evidence = append(evidence, o.eventEvidence(e))
		why = ": " + clip(e.Message)
	}
	evidence = append(evidence, o.podEvidence(p, "Ready", since).at(conditionField("Ready")))
	if !o.passed(b.Created, balancerOverdue) {
		return Status{
			Phase: Running, Reason: ReasonAddressPending, Brief: "address pending", Since: since, Evidence: evidence,
			Sentence: "Ready; Service " + b.Name + " waits for its load balancer's address" + why + ". Until then the way is through the API server.",
		}, true
	}
	return Status{
		Phase: Unreachable, Reason: ReasonNoAddress, Brief: "no address", Since: b.Created, Evidence: evidence,
		Sentence: "The pod is ready, but the load balancer of Service " + b.Name + " has no address after 5 minutes" + why + ".",
		Next: []NextStep{
			step("see what the cloud's controller says", o.kubectl("describe", "service", b.Name)),
			step("ask an administrator whether the cluster makes load balancers; ConfigMap "+GatewayNamespace+"/"+InstallationName+" names the kind", ""),
			step("go through the API server meanwhile", o.berth("ssh", "--via", KindPortForward)),
		},
	}, true
}

// warning returns the newest event about object that warns, or nil.
func (o *Observed) warning(object string) *Event {
	for i := range o.Events {
		if e := &o.Events[i]; e.Object == object && e.Type == "Warning" {
			return e
		}
	}
	return nil
}
