package workspace

// What a failed probe of a ready pod means, by the hop at which it ended, and
// what to do about it.

import (
	"cmp"
	"time"
)

// probed returns the probe that says something about pod p: not one of an
// earlier pod, or of one that was not ready in between. While the cluster is not
// heard, the pod may have been stopped without our knowing, so that a failure
// since then says nothing.
func (o *Observed) probed(p *Pod) *Probe {
	since, ready := p.ready()
	switch {
	case !ready, !o.Probe.About(p.Name, since):
		return nil
	case !o.Probe.OK && !o.StaleSince.IsZero() && o.Probe.At.After(o.StaleSince):
		return nil
	}
	return o.Probe
}

// routeFails is the status of a ready pod whose route fails. What keeps this
// machine alone from it is told and is no phase of the workspace.
func (o *Observed) routeFails(p *Pod, since time.Time, probe *Probe) Status {
	s := Status{
		Phase: Unreachable, Reason: ReasonRouteFails, Brief: "route fails", Since: probe.Since,
		Sentence: "The pod is ready, but " + probe.meaning() + ": " + clip(probe.Error) + ".",
		Evidence: []Evidence{{Object: "route", Says: probe.Error, Since: cmp.Or(probe.Since, probe.At)}, o.podEvidence(p, "Ready", since).at(conditionField("Ready"))},
		Next:     o.routeSteps(probe),
	}
	if probe.Ours() {
		s.Phase, s.Reason, s.Brief, s.Since = Running, ReasonReady, "running", since
		s.Sentence = "Ready, but " + probe.meaning() + ": " + clip(probe.Error) + "."
	}
	return s
}

// meaning is half a sentence: who is in trouble.
func (p *Probe) meaning() string {
	switch p.Hop {
	case HopNetwork:
		return "this machine does not reach it"
	case HopGateway:
		return "its gateway does not work"
	case HopSSH:
		return "no SSH server greets at the end of its route"
	case HopRoute:
	}
	switch p.Status {
	case statusUnauthorized, statusForbidden:
		return "its gateway does not let you through"
	case statusNotFound:
		return "its gateway has no route to it"
	case statusProxyAuthRequired:
		return "a proxy on the way wants credentials"
	case statusTooManyRequests:
		return "its gateway limits connections"
	case statusBadGateway, statusUnavailable, statusGatewayTimeout:
		return "its gateway does not reach it"
	}
	return "its route does not answer"
}

// routeSteps are the next steps for a failed probe. Without being told to,
// `berth ssh` goes round a gateway that does not answer and not round one that
// refuses.
func (o *Observed) routeSteps(p *Probe) []NextStep {
	check := step("ask what is wrong with the gateway", o.program()+" gateway check")
	published := step("see which gateway the cluster publishes", o.clusterwide("-n", GatewayNamespace, "get", "configmap", InstallationName, "-o", "yaml"))
	around := step("go through the API server meanwhile", o.berth("ssh", "--via", KindPortForward))
	switch p.Hop {
	case HopNetwork:
		return []NextStep{step("check this machine's network: vpn, firewall, name service", ""), around, published}
	case HopGateway:
		return []NextStep{check, around, published}
	case HopSSH:
		return []NextStep{o.stepLogs(), o.stepRestart()}
	case HopRoute:
	}
	switch p.Status {
	case statusUnauthorized, statusForbidden, statusProxyAuthRequired:
		return []NextStep{step("ask the administrator of the gateway to let you through", ""), around}
	case statusTooManyRequests:
		return []NextStep{step("wait a little", ""), around}
	case statusBadGateway, statusUnavailable, statusGatewayTimeout:
		return []NextStep{
			step("see whether its Service has an endpoint", o.kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name="+o.Name)), around, check,
		}
	}
	return []NextStep{check, around, published}
}
