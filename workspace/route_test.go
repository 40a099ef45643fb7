package workspace_test

import (
	"testing"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// failedProbe is about the pod of pod(ready()).
func failedProbe(hop workspace.Hop, status int, says string) func(*workspace.Observed) {
	return func(o *workspace.Observed) {
		o.Probe = &workspace.Probe{
			At: ago(time.Second), Since: ago(3 * time.Second), Hop: hop, Status: status, Error: says,
			Pod: podName, Ready: ago(10 * time.Second),
		}
	}
}

func routeCases() []foldCase {
	failing := func(name string, change func(*workspace.Observed), sentence, next string) foldCase {
		return foldCase{
			name: name, o: with(up(pod(ready())), change), phase: workspace.Unreachable, reason: workspace.ReasonRouteFails,
			brief: "route fails", sentence: sentence, evidence: "route", next: next,
		}
	}
	// still is a ready pod about which the probe says nothing.
	still := func(name string, change func(*workspace.Observed)) foldCase {
		return foldCase{name: name, o: with(up(pod(ready())), change), phase: workspace.Running, reason: workspace.ReasonReady, sentence: "Ready; sshd answers.", brief: "running"}
	}
	ours := func(name string, change func(*workspace.Observed), sentence, next string) foldCase {
		c := failing(name, change, sentence, next)
		c.phase, c.reason, c.brief = workspace.Running, workspace.ReasonReady, "running"
		return c
	}
	unavailable := failedProbe(workspace.HopRoute, 503, "gateway g:443 refused a:22: 503 Service Unavailable")
	around := "berth ssh api --namespace team-a --via port-forward"
	return []foldCase{
		still("the route answers", func(o *workspace.Observed) {
			o.Probe = &workspace.Probe{At: ago(time.Second), OK: true, Pod: podName, Ready: ago(10 * time.Second)}
		}),
		failing("the gateway does not reach it", unavailable,
			"The pod is ready, but its gateway does not reach it: gateway g:443 refused a:22: 503 Service Unavailable.",
			"kubectl -n team-a get endpointslices -l kubernetes.io/service-name=api"),
		failing("no route", failedProbe(workspace.HopRoute, 404, "404 Not Found"), "The pod is ready, but its gateway has no route to it: 404 Not Found.", "berth gateway check"),
		failing("not let through", failedProbe(workspace.HopRoute, 403, "403 Forbidden"), "The pod is ready, but its gateway does not let you through: 403 Forbidden.", around),
		failing("a proxy in between", failedProbe(workspace.HopRoute, 407, "407"), "The pod is ready, but a proxy on the way wants credentials: 407.", "ask the administrator"),
		failing("an answer that means nothing", failedProbe(workspace.HopRoute, 405, "405 Method Not Allowed"), "The pod is ready, but its route does not answer: 405 Method Not Allowed.", "configmap berth"),
		failing("no answer to the question", failedProbe(workspace.HopRoute, 0, "no answer in time"), "The pod is ready, but its route does not answer: no answer in time.", "berth gateway check"),
		failing("the gateway is down", failedProbe(workspace.HopGateway, 0, "dialling: connection refused"), "The pod is ready, but its gateway does not work: dialling: connection refused.", "berth gateway check"),
		failing("no greeting", failedProbe(workspace.HopSSH, 0, "no answer within 5s"), "The pod is ready, but no SSH server greets at the end of its route: no answer within 5s.", "berth logs api"),
		ours("no network here", failedProbe(workspace.HopNetwork, 0, "the name does not resolve (ssh.example.com)"),
			"Ready, but this machine does not reach it: the name does not resolve (ssh.example.com).", "check this machine's network"),
		ours("too many from here", failedProbe(workspace.HopRoute, 429, "429"), "Ready, but its gateway limits connections: 429.", "wait a little"),
		still("the probe was of an earlier pod", func(o *workspace.Observed) { unavailable(o); o.Probe.Pod = "api-before" }),
		still("the pod was not ready in between", func(o *workspace.Observed) { unavailable(o); o.Probe.Ready = ago(time.Minute) }),
		still("the cluster is not heard: it may have been stopped", func(o *workspace.Observed) { unavailable(o); o.StaleSince = ago(2 * time.Second) }),
		failing("it failed before the cluster fell silent", func(o *workspace.Observed) { unavailable(o); o.StaleSince = ago(0) },
			"The pod is ready, but its gateway does not reach it: gateway g:443 refused a:22: 503 Service Unavailable.", around),
		{
			name: "a stopped workspace has no route to fail", o: with(down(), unavailable),
			phase: workspace.Stopped, reason: workspace.ReasonStopped, sentence: "Stopped; the home is kept.",
		},
	}
}

// A failing route has failed since the first failure, whenever it was last
// tried.
func TestAFailingRouteLastsSinceItsFirstFailure(t *testing.T) {
	t.Parallel()
	s := workspace.Fold(with(up(pod(ready())), failedProbe(workspace.HopRoute, 503, "503")))
	if !s.Since.Equal(ago(3*time.Second)) || !s.Evidence[0].Since.Equal(s.Since) {
		t.Errorf("since %v, evidence %v, want %v", s.Since, s.Evidence[0].Since, ago(3*time.Second))
	}
}

func TestReachedSaysHowAndWhether(t *testing.T) {
	t.Parallel()
	istio := workspace.Route{Kind: "istio", Address: "ssh.example.com:443", Authority: "api--team-a.ssh.example.com:22"}
	forward := workspace.Route{Kind: workspace.KindPortForward}
	probe := func(change func(*workspace.Probe)) *workspace.Probe {
		p := &workspace.Probe{OK: true, Took: 18300 * time.Microsecond}
		change(p)
		return p
	}
	for name, tt := range map[string]struct {
		route  workspace.Route
		phase  workspace.Phase
		reason workspace.Reason
		probe  *workspace.Probe
		want   string
	}{
		"answers":            {istio, workspace.Running, workspace.ReasonReady, probe(func(*workspace.Probe) {}), "Route answers in 18 ms through istio."},
		"answers at once":    {istio, workspace.Running, workspace.ReasonReady, probe(func(p *workspace.Probe) { p.Took = time.Microsecond }), "Route answers in 1 ms through istio."},
		"not tried":          {istio, workspace.Running, workspace.ReasonReady, nil, "Route: istio, not tried yet."},
		"told by the status": {istio, workspace.Unreachable, workspace.ReasonRouteFails, probe(func(p *workspace.Probe) { p.OK = false }), ""},
		"our own trouble":    {istio, workspace.Running, workspace.ReasonReady, probe(func(p *workspace.Probe) { p.OK, p.Hop = false, workspace.HopNetwork }), ""},
		"node lost":          {istio, workspace.Unreachable, workspace.ReasonNodeLost, nil, ""},
		"failing":            {istio, workspace.Failing, workspace.ReasonCrashLoop, nil, ""},
		"stopped":            {istio, workspace.Stopped, workspace.ReasonStopped, nil, "Route: istio; it answers when the workspace runs."},
		"no gateway":         {forward, workspace.Running, workspace.ReasonReady, nil, "Reached through the API server (port-forward)."},
		"deleted":            {istio, workspace.Deleted, workspace.ReasonDeleted, nil, ""},
		"unknown":            {workspace.Route{}, workspace.Running, workspace.ReasonReady, nil, ""},
	} {
		w := workspace.Workspace{Route: tt.route, Probe: tt.probe, Status: workspace.Status{Phase: tt.phase, Reason: tt.reason}}
		if got := w.Reached(); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	now := ago(0)
	for name, tt := range map[string]struct {
		probe          *workspace.Probe
		answers, known bool
	}{
		"never tried":        {nil, false, false},
		"answers":            {&workspace.Probe{At: now, OK: true}, true, true},
		"long ago":           {&workspace.Probe{At: now.Add(-time.Hour), OK: true}, false, false},
		"refuses, so it is":  {&workspace.Probe{At: now, Hop: workspace.HopRoute, Status: 503}, true, true},
		"no greeting behind": {&workspace.Probe{At: now, Hop: workspace.HopSSH}, true, true},
		"said nothing":       {&workspace.Probe{At: now, Hop: workspace.HopRoute}, false, false},
		"down":               {&workspace.Probe{At: now, Hop: workspace.HopGateway}, false, true},
		"out of reach":       {&workspace.Probe{At: now, Hop: workspace.HopNetwork}, false, true},
	} {
		answers, known := workspace.Snapshot{Probe: tt.probe}.GatewayAnswers(now)
		if answers != tt.answers || known != tt.known {
			t.Errorf("%s: answers %v, known %v; want %v, %v", name, answers, known, tt.answers, tt.known)
		}
	}
}
