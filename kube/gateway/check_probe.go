package gateway

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// renewal is how long before its end a certificate should have been renewed.
const renewal = 14 * 24 * time.Hour

// ask asks the gateway itself.
func (r *run) ask(ctx context.Context) {
	answers := r.answers(ctx)
	r.bare(ctx, answers)
	r.expiry(ctx)
	if !answers {
		r.problem("reaches-others", "", "what else the gateway reaches was not tried", "make it answer first, then check again")
		return
	}
	r.tunnel(ctx)
	r.strangers(ctx)
}

// refusesUs reports whether a status is about who asks, not about what is asked
// for.
func refusesUs(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusProxyAuthRequired
}

// nobody is the authority of a workspace that does not exist.
func (r *run) nobody() string {
	if r.Installation.Gateway.Kind == route.KindIstioEnvoyFilter {
		return net.JoinHostPort("berth-check.nobody.svc.cluster.local", strconv.FormatInt(r.servicePort(), 10))
	}
	return net.JoinHostPort("berth-check--nobody."+r.Installation.Gateway.Domain, strconv.FormatInt(r.servicePort(), 10))
}

// guarded is an authority for which the gateway asks who we are. Envoy Gateway
// asks for that where there is a route, and says of everything else that it is
// not there.
func (r *run) guarded() string {
	if r.Installation.Gateway.Kind == route.KindEnvoyGateway && len(r.running) > 0 {
		if way, err := route.For(r.Installation); err == nil {
			return way.Authority(r.running[0], r.Installation)
		}
	}
	return r.nobody()
}

// answers asks for a workspace that does not exist: a gateway says so itself,
// what stands in front of it does not know the question. It returns whether
// asking for more makes sense.
func (r *run) answers(ctx context.Context) bool {
	const check = "connect"
	status, err := r.Probe(ctx, r.nobody())
	if guarded := r.guarded(); err == nil && r.Installation.Gateway.Token != "" && guarded != r.nobody() {
		if said, err := r.Probe(ctx, guarded); err == nil && (refusesUs(said) || said == http.StatusForbidden) {
			status = said
		}
	}
	where := r.Installation.Gateway.Address
	switch {
	case err != nil:
		r.problem(check, "", "the gateway cannot be asked: "+err.Error(), "check the load balancer's address, and ConfigMap "+workspace.GatewayNamespace+"/"+workspace.InstallationName)
	case status == http.StatusNotFound, status == http.StatusServiceUnavailable:
		r.fine(check, where+" answers CONNECT")
		return true
	case status/100 == 2:
		r.problem(check, "", "it gives a tunnel to a workspace that does not exist", "a proxy in front takes every CONNECT: let the load balancer pass TCP on")
	case refusesUs(status), status == http.StatusForbidden:
		text, fix := fmt.Sprintf("it refuses us (%d)", status), "see which policy does: kubectl get authorizationpolicies -A"
		if r.Installation.Gateway.Token != "" {
			text, fix = fmt.Sprintf("it asks for a token, and takes none of ours (%d)", status), "configure one, or a fresh one, and check again"
		} else if refusesUs(status) {
			text, fix = text+", and nothing says that it asks for a token", "print the manifest with the options of tokens (--jwt-issuer), so that berth knows"
		}
		r.problem(check, "", text, fix)
	default:
		r.problem(check, "", fmt.Sprintf("CONNECT is refused with %d, which no Envoy of ours says", status), "something in front speaks HTTP: use a load balancer for TCP")
	}
	return false
}

// bare asks without what every client has to bring. That there is no answer says
// something only of a gateway that answers those who bring it.
func (r *run) bare(ctx context.Context, answers bool) {
	g := r.Installation.Gateway
	if r.Bare == nil || g.Token == "" && g.TLS.ClientCertificate == "" {
		return
	}
	const check, fix = "credentials", "apply the manifest again, with the options that it was made with: berth gateway manifest"
	if g.Kind == route.KindEnvoyGateway && g.TLS.ClientCertificate == "" && len(r.running) == 0 {
		r.note(check, "", "no workspace runs: that a client without a token is refused was not tried", "create one, and check again")
		return
	}
	status, err := r.Bare(ctx, r.guarded())
	switch {
	case err != nil && answers && g.TLS.ClientCertificate != "":
		r.fine(check, "a client without a certificate is refused")
	case err != nil:
		r.problem(check, "", "whether clients without credentials are refused could not be tried: "+err.Error(), "make the gateway answer, then check again")
	case g.TLS.ClientCertificate != "":
		r.problem(check, "", fmt.Sprintf("a client without a certificate is answered (%d): anybody may ask", status), fix)
	case refusesUs(status), status == http.StatusForbidden:
		r.fine(check, fmt.Sprintf("a client without a token is refused (%d)", status))
	default:
		r.problem(check, "", fmt.Sprintf("a client without a token is answered (%d): anybody may ask", status), fix)
	}
}

// expiry looks at how long the gateway's certificate is good for.
func (r *run) expiry(ctx context.Context) {
	const check, fix = "certificate", "renew it, and replace the Secret that the gateway names: sessions stay"
	if r.Expiry == nil || !r.Installation.Gateway.TLS.Enabled() {
		return
	}
	end, err := r.Expiry(ctx)
	left := time.Until(end)
	day := end.UTC().Format(time.DateOnly)
	switch {
	case err != nil: // what it is, connect says
		r.note(check, "", "the certificate was not seen: "+err.Error(), "")
	case left <= 0:
		r.problem(check, "", "the gateway's certificate ended on "+day, fix)
	case left < renewal:
		r.problem(check, "", fmt.Sprintf("the gateway's certificate ends in %d days, on %s", int(left.Hours()/24), day), fix)
	default:
		r.fine(check, "the gateway's certificate is good until "+day)
	}
}

// tunnel asks for workspaces that run.
func (r *run) tunnel(ctx context.Context) {
	const check = "tunnel"
	way, err := route.For(r.Installation)
	if err != nil {
		r.problem(check, "", "that a workspace is reached was not tried: "+err.Error(), workspace.HintOf(err))
		return
	}
	given := 0
	for _, ref := range r.running[:min(len(r.running), fewWorkspaces)] {
		status, err := r.Probe(ctx, way.Authority(ref, r.Installation))
		switch {
		case err != nil:
			r.problem(check, "", "workspace "+workspace.Safe(ref.String())+" runs and cannot be asked for: "+err.Error(), "")
		case status/100 == 2:
			given++
		default:
			r.problem(check, "", fmt.Sprintf("workspace %s runs, and a tunnel to it is refused (%d)", workspace.Safe(ref.String()), status),
				"see its route: berth why "+workspace.Safe(ref.Name)+" -n "+workspace.Safe(ref.Namespace))
		}
	}
	switch {
	case given > 0:
		r.fine(check, fmt.Sprintf("%d workspaces that run are reached", given))
	case len(r.running) == 0:
		r.note(check, "", "no workspace runs: that one is reached was not tried", "create one, and check again")
	}
}

// strangers asks for what no client may reach through the gateway.
func (r *run) strangers(ctx context.Context) {
	const check = "reaches-others"
	asked, given := 0, 0
	var silent []string
	for _, authority := range r.forbidden(ctx) {
		status, err := r.Probe(ctx, authority)
		switch {
		case err != nil, refusesUs(status):
			silent = append(silent, authority)
		case status/100 == 2:
			asked++
			given++
			r.problem(check, "", "the gateway gives a tunnel to "+authority, "take whatever rule lets it through away: only the authorities of workspaces may pass")
		default:
			asked++
		}
	}
	if len(silent) > 0 {
		r.problem(check, "", fmt.Sprintf("%d addresses could not be tried, as there was no answer: %s", len(silent), strings.Join(silent, ", ")), "check again; if it stays so, something in front of the gateway speaks HTTP")
	}
	if asked > 0 && given == 0 {
		r.fine(check, fmt.Sprintf("none of %d addresses that are nobody's workspace is reached", asked))
	}
}

// forbidden lists authorities that no client may reach: other names, machines'
// metadata, administration ports, and the addresses of what the cluster itself
// is made of.
func (r *run) forbidden(ctx context.Context) []string {
	domain := r.Installation.Gateway.Domain
	list := []string{
		"kubernetes.default.svc.cluster.local:443", "kubernetes.default:443", "kubernetes--default." + domain + ":443", "kubernetes--default." + domain + ":22",
		"169.254.169.254:80", "metadata.google.internal:80", "[fd00:ec2::254]:80", "100.100.100.200:80",
		"127.0.0.1:15000", "127.0.0.1:15020", "127.0.0.1:9901", "127.0.0.1:19000", "localhost:22", "[::1]:15000", "0.0.0.0:15000",
		"istiod.istio-system.svc.cluster.local:15010", "istiod.istio-system.svc.cluster.local:15014",
	}
	list = append(list, r.addresses(ctx)...)
	if way, err := route.For(r.Installation); err == nil {
		for _, ref := range r.running[:min(len(r.running), fewWorkspaces)] {
			own := way.Authority(ref, r.Installation)
			host, _, _ := net.SplitHostPort(own)
			for _, authority := range []string{
				net.JoinHostPort(host, "2222"), net.JoinHostPort(host, "443"), host + ".evil.example:22",
				ref.Name + "." + ref.Namespace + ".svc.cluster.local:2222", ref.Name + "." + ref.Namespace + ".svc.cluster.local:22",
			} {
				if authority != own {
					list = append(list, authority)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
