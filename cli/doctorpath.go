package cli

// The part of an examination that is the way to sshd, and what sshd does.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/berth-sh/berth/tunnel/connect"
	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

const (
	noGateway   = "through the API server: there is no gateway"
	noWorkspace = "no workspace was named"
)

// lookAlias finds how the workspace is reached from here. Without the API
// server, the alias on this machine says it.
func lookAlias(ctx context.Context, e *examination) finding {
	if err := e.findWay(ctx); err != nil {
		return problem(err)
	}
	f := e.file
	text := ""
	switch {
	case e.gatewayAlone:
		return fine("gateway %s, without a workspace", f.Address)
	case f.Transport == "":
		return skip(noGateway)
	case f.Transport == alias.PortForward:
		text = f.Alias + ", through the API server"
	case f.Transport == alias.Direct:
		text = f.Alias + ", at its own address " + f.Address
	default:
		text = f.Alias + ", by gateway " + f.Address + ", which is asked for " + f.Authority
	}
	if e.found && e.outdated(ctx) {
		return noteworthy("%s; the cluster says otherwise by now: berth ls renews it", text)
	}
	return fine("%s", text)
}

// outdated reports whether the alias says something else than the cluster does.
func (e *examination) outdated(ctx context.Context) bool {
	id, err := e.client.Cluster(ctx)
	if err != nil {
		return false
	}
	p, err := e.app.place(workspace.Snapshot{Cluster: id, Installation: e.inst, ClusterName: e.inst.Cluster})
	if err != nil {
		return false
	}
	now, err := e.app.aliasFile(e.w, p)
	if err != nil {
		return false
	}
	now.Alias, now.Kubeconfig, now.Context = e.file.Alias, e.file.Kubeconfig, e.file.Context
	if now.HostKey == "" {
		now.HostKey = e.file.HostKey
	}
	return now != e.file
}

// findWay fills e.file.
func (e *examination) findWay(ctx context.Context) error {
	switch {
	case e.imported:
		return nil
	case e.found:
		f, err := e.app.wayTo(ctx, e.w)
		e.file = f
		return err
	case e.name == "":
		return e.findGateway(ctx)
	}
	return e.findAlias()
}

// findGateway has the gateway itself examined, with a workspace that is not
// there.
func (e *examination) findGateway(ctx context.Context) error {
	if e.client == nil || !e.inst.Gateway.Published() {
		return nil
	}
	id, err := e.client.Cluster(ctx)
	if err != nil {
		return err
	}
	p, err := e.app.place(workspace.Snapshot{Cluster: id, Installation: e.inst, ClusterName: e.inst.Cluster})
	if err != nil {
		return err
	}
	ref := workspace.Ref{Namespace: e.namespace, Name: "berth-doctor"}
	e.file, err = e.app.aliasFile(workspace.Workspace{Ref: ref}, p)
	e.gatewayAlone = err == nil && e.file.Transport == alias.Gateway
	e.file.Alias = ""
	return err
}

// findAlias looks for an alias file of the name, where the cluster does not
// answer.
func (e *examination) findAlias() error {
	dir, err := e.app.ssh()
	if err != nil {
		return err
	}
	if strings.HasSuffix(e.name, ".berth") {
		e.file, err = dir.Read(e.name)
		return err
	}
	ref, err := parseRef(e.name, e.namespace)
	anyNamespace := err != nil // none is known without a kubeconfig
	if anyNamespace {
		ref.Name = e.name
	}
	all, err := dir.List()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(f alias.File) bool {
		return f.Name == ref.Name && (anyNamespace || f.Namespace == ref.Namespace)
	})
	if i < 0 {
		return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("no alias for %s on this machine", workspace.Safe(e.name))),
			"berth ls writes aliases, once the cluster answers")
	}
	e.file = all[i]
	return nil
}

// options are those of one hop and everything before it.
func (e *examination) options() (connect.Options, bool) {
	o := connect.OptionsFor(e.file)
	return o, e.file.Transport == alias.Gateway || e.file.Transport == alias.Direct
}

func lookDNS(ctx context.Context, e *examination) finding {
	o, ok := e.options()
	if !ok {
		return skip(noGateway)
	}
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return problem(fmt.Errorf("address %q is not HOST:PORT", workspace.Safe(o.Address)))
	}
	proxy, err := o.ProxyName()
	switch {
	case err != nil:
		return problem(hinted(err))
	case proxy != "":
		return skip("the proxy looks up %s", host)
	case net.ParseIP(host) != nil:
		return skip("%s is an address", host)
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return problem(workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("%s does not resolve: %s", host, workspace.Safe(err.Error()))),
			"check the network and VPN; a name inside the company resolves only there"))
	}
	e.addresses = addresses
	return fine("%s is %s", host, joinWords(addresses))
}

// lookTCP dials each address by itself: programs that do not try the next one
// fail where one of them is dead.
func lookTCP(ctx context.Context, e *examination) finding {
	o, ok := e.options()
	if !ok {
		return skip(noGateway)
	}
	if proxy, err := o.ProxyName(); err != nil || proxy != "" {
		return skip("the proxy dials")
	}
	host, port, _ := net.SplitHostPort(o.Address) // looked at before
	addresses := e.addresses
	if len(addresses) == 0 {
		addresses = []string{host}
	}
	const most, patience = 8, 5 * time.Second
	addresses = addresses[:min(len(addresses), most)]
	errs, took := make([]error, len(addresses)), make([]time.Duration, len(addresses))
	var dials sync.WaitGroup
	for i, address := range addresses {
		dials.Go(func() {
			begun := time.Now()
			conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", net.JoinHostPort(address, port))
			errs[i], took[i] = err, time.Since(begun)
			if err == nil {
				_ = conn.Close() // that it is there is the answer
			}
		})
	}
	dials.Wait()
	var dead []string
	quickest := time.Duration(0)
	for i, err := range errs {
		if err != nil {
			dead = append(dead, addresses[i])
		} else if quickest == 0 || took[i] < quickest {
			quickest = took[i]
		}
	}
	switch {
	case len(dead) == len(addresses):
		_, err := e.dialHop(ctx, connect.StepDial)
		if err == nil {
			err = errs[0]
		}
		return problem(err)
	case len(dead) > 0:
		return finding{note: true, took: quickest, text: "port " + port + " answers, but not at " + joinWords(dead)}
	}
	return finding{took: quickest, text: "port " + port + " answers"}
}

func lookProxy(ctx context.Context, e *examination) finding {
	o, ok := e.options()
	if !ok {
		return skip(noGateway)
	}
	proxy, err := o.ProxyName()
	switch {
	case err != nil:
		return problem(hinted(err))
	case proxy == "":
		return skip("none")
	}
	conn, err := e.dialHop(ctx, connect.StepDial)
	if err != nil {
		return problem(err)
	}
	_ = conn.Close() // that it is there is the answer
	return finding{took: e.hops[connect.StepDial], text: proxy + " leads to " + o.Address}
}

// dialHop goes the way up to and with a step, and keeps how long the step
// itself took.
func (e *examination) dialHop(ctx context.Context, step connect.Step) (net.Conn, error) {
	o, _ := e.options()
	before := time.Duration(0)
	switch step {
	case connect.StepDial:
		o.TLS, o.Authority, o.TokenFile, o.TokenCommand = false, "", "", nil
	case connect.StepTLS:
		o.Authority, o.TokenFile, o.TokenCommand = "", "", nil
		before = e.total[connect.StepDial]
	case connect.StepConnect, connect.StepCopy:
		before = max(e.total[connect.StepDial], e.total[connect.StepTLS])
	}
	begun := time.Now()
	conn, err := connect.Dial(ctx, o)
	took := time.Since(begun)
	e.total[step] = took
	e.hops[step] = max(took-before, time.Microsecond)
	var failed *connect.StepError
	if errors.As(err, &failed) && e.file.Transport == alias.Gateway {
		failed.Hop = strings.Replace(failed.Hop, "workspace at", "gateway", 1) // asked without an authority
	}
	return conn, hinted(err)
}

// hinted carries the hint of package connect over.
func hinted(err error) error {
	var hint interface{ Hint() string }
	if err != nil && errors.As(err, &hint) && workspace.HintOf(err) == "" {
		return workspace.WithHint(err, hint.Hint())
	}
	return err
}

// soon is when a certificate's end is worth a word.
const soon = 14 * 24 * time.Hour

func lookTLS(ctx context.Context, e *examination) finding {
	o, ok := e.options()
	switch {
	case !ok:
		return skip(noGateway)
	case !o.TLS:
		return skip("the gateway is reached without TLS")
	}
	if e.total[connect.StepDial] == 0 { // its time is not part of this hop's
		if conn, err := e.dialHop(ctx, connect.StepDial); err == nil {
			_ = conn.Close() // only the time was wanted
		}
	}
	conn, err := e.dialHop(ctx, connect.StepTLS)
	if err != nil {
		return problem(err)
	}
	defer func() { _ = conn.Close() }() // that it is there is the answer
	f := finding{took: e.hops[connect.StepTLS], text: "trusted"}
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		return f
	}
	cert := secured.ConnectionState().PeerCertificates[0]
	f.text = fmt.Sprintf("certificate of %s, until %s", workspace.Safe(cert.Subject.CommonName), cert.NotAfter.UTC().Format(time.DateOnly))
	if len(cert.DNSNames) > 0 {
		f.text = fmt.Sprintf("certificate for %s, until %s", workspace.Safe(joinWords(cert.DNSNames)), cert.NotAfter.UTC().Format(time.DateOnly))
	}
	f.note = time.Until(cert.NotAfter) < soon
	return f
}

func lookConnect(ctx context.Context, e *examination) finding {
	switch {
	case e.file.Transport == alias.Direct:
		return skip("the address is sshd's own")
	case e.file.Transport != alias.Gateway:
		return skip(noGateway)
	}
	conn, err := e.dialHop(ctx, connect.StepConnect)
	var refused *connect.RefusedError
	switch {
	case err == nil:
		_ = conn.Close() // that it is there is the answer
		return finding{took: e.hops[connect.StepConnect], text: "the gateway opens a tunnel to " + e.file.Authority}
	case e.gatewayAlone && errors.As(err, &refused) && (refused.Status == 404 || refused.Status >= 500):
		return finding{took: e.hops[connect.StepConnect], text: fmt.Sprintf("the gateway answers: %d for a workspace that is not there", refused.Status)}
	}
	return problem(err)
}
