package cli

// The part of an examination that the API server answers.

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

const noCluster = "not needed: the alias was imported"

// lookKubeconfig opens the client; an imported alias needs none.
func lookKubeconfig(_ context.Context, e *examination) finding {
	if e.readImported() {
		return skip(noCluster)
	}
	client, err := e.app.client()
	if err != nil {
		return problem(err)
	}
	s, err := e.app.scope()
	if err != nil {
		return problem(err)
	}
	e.client, e.namespace = client, s.fallback
	if e.name != "" {
		ref, err := parseRef(e.name, s.fallback)
		if err != nil {
			return problem(err)
		}
		e.namespace = ref.Namespace
	}
	where := "the pod's own account"
	if client.KubeconfigPath() != "" {
		where = fmt.Sprintf("context %s of %s", client.ContextName(), client.KubeconfigPath())
	}
	config := client.REST()
	text := fmt.Sprintf("%s, server %s", where, serverName(config.Host))
	switch {
	case config.Insecure:
		return noteworthy("%s; certificates are not checked (insecure-skip-tls-verify)", text)
	case strings.HasPrefix(config.Host, "http://"):
		return noteworthy("%s; without TLS", text)
	}
	return fine("%s", text)
}

// serverName is a server's address without what may be secret in it.
func serverName(host string) string {
	u, err := url.Parse(host)
	if err != nil || u.Host == "" {
		return workspace.Safe(host)
	}
	return workspace.Safe(u.Scheme + "://" + u.Host)
}

func lookAPI(ctx context.Context, e *examination) finding {
	if e.client == nil {
		return skip(noCluster)
	}
	version, err := e.client.Version(ctx)
	if err != nil {
		return problem(err)
	}
	if _, err := e.client.Cluster(ctx); err != nil {
		return problem(err)
	}
	return fine("Kubernetes %s answers", version)
}

func lookPermissions(ctx context.Context, e *examination) finding {
	if e.client == nil {
		return skip(noCluster)
	}
	var inst workspace.Installation // its own check tells what is wrong with it
	if c, err := e.app.cluster(); err == nil {
		inst, _ = c.installation(ctx)
	}
	uses, err := kube.Uses(e.namespace, inst)
	if err != nil {
		return problem(err)
	}
	lacking, asked, err := e.client.Lacks(ctx, uses)
	if err != nil {
		return problem(err)
	}
	var missing []workspace.Access
	var needed, optional []string
	for _, use := range lacking {
		if use.Optional {
			optional = append(optional, use.For)
			continue
		}
		needed = append(needed, use.For)
		missing = append(missing, use.Needs...)
	}
	switch {
	case len(needed) > 0:
		err := fmt.Errorf("you may not %s: %w", strings.Join(needed, ", "), &workspace.AccessError{Missing: missing})
		return problem(workspace.WithHint(err, "ask for the role berth-developer in the namespace"))
	case len(optional) > 0:
		return noteworthy("all that is needed of %d in namespace %s; not allowed, and done without: %s", asked, e.namespace, strings.Join(optional, ", "))
	}
	return fine("all %d in namespace %s", asked, e.namespace)
}

// lookInstallation reads what the cluster publishes, and tells what of it is
// left out because it makes no sense.
func lookInstallation(ctx context.Context, e *examination) finding {
	if e.client == nil {
		return skip(noCluster)
	}
	const name = workspace.GatewayNamespace + "/" + workspace.InstallationName
	cm, err := e.client.Interface().CoreV1().ConfigMaps(workspace.GatewayNamespace).Get(ctx, workspace.InstallationName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return fine("no ConfigMap %s: workspaces are reached through the API server", name)
	case apierrors.IsForbidden(err):
		return noteworthy("ConfigMap %s may not be read, so no gateway is known: workspaces are reached through the API server", name)
	case err != nil:
		return problem(kube.Explain(err, e.client.REST().Host))
	}
	var warnings []string
	inst, err := kube.ParseInstallation([]byte(cm.Data[workspace.InstallationKey]), func(text string) { warnings = append(warnings, text) })
	if err != nil {
		return problem(err)
	}
	e.inst = inst
	text := fmt.Sprintf("gateway %s at %s", inst.Gateway.Kind, inst.Gateway.Address)
	if !inst.Gateway.Published() {
		text = "no gateway is published: workspaces are reached through the API server"
	}
	if len(warnings) > 0 {
		return finding{note: true, text: text + "\n" + strings.Join(warnings, "\n")}
	}
	return fine("%s", text)
}

// lookFull asks whether profile full is to be had; that it is not is a problem
// for a workspace that has it.
func lookFull(ctx context.Context, e *examination) finding {
	if e.client == nil {
		return skip(noCluster)
	}
	form, err := e.client.CanFull(ctx, e.namespace)
	switch {
	case err == nil:
		return fine("possible in namespace %s, form %s", e.namespace, form)
	case errors.Is(err, workspace.ErrNotFound):
		return problem(err) // the namespace
	case e.found && e.w.Spec.Profile == workspace.Full:
		return problem(err)
	}
	return noteworthy("not here: %v", err)
}

func lookWorkspace(ctx context.Context, e *examination) finding {
	switch {
	case e.client == nil:
		return skip(noCluster)
	case e.name == "":
		return skip("none was named")
	}
	ref, err := parseRef(e.name, e.namespace)
	if err != nil {
		return problem(err)
	}
	c, err := e.app.cluster()
	if err != nil {
		return problem(err)
	}
	list, err := c.list(ctx, ref.Namespace, e.app)
	if err != nil {
		return problem(err)
	}
	// The aliases are left as they are: what ssh uses now is to be examined.
	w, ok := pick(list, ref)
	if !ok {
		return problem(notFound(ref, list))
	}
	e.w, e.found = w, true
	switch w.Status.Phase {
	case workspace.Running:
		return fine("running since %s on %s, profile %s, image %s", w.ReadySince.UTC().Format(time.DateTime+" UTC"), w.Node, w.Spec.Profile, w.Spec.Image)
	case workspace.Starting, workspace.Unreachable:
		return noteworthy("%s", w.Status.Sentence)
	case workspace.Deleted:
		return problem(workspace.WithHint(workspace.WithKind(workspace.ErrConflict, errors.New("it is deleted")), "berth restore "+w.Name))
	case workspace.Stopped, workspace.Stopping:
		return problem(workspace.WithHint(errors.New("it is stopped, so nothing behind the gateway answers"), "berth start "+w.Name+" -n "+w.Namespace))
	case workspace.Failing:
	}
	return problem(failed(w))
}

func lookEndpoint(ctx context.Context, e *examination) finding {
	switch {
	case e.client == nil:
		return skip(noCluster)
	case !e.found:
		return skip("none was named")
	}
	text, err := e.client.Endpoint(ctx, e.w.Ref)
	if err != nil {
		return problem(err)
	}
	return fine("%s", text)
}

// lookClock compares with the API server, by what it has answered before.
func lookClock(_ context.Context, e *examination) finding {
	if e.client == nil {
		return skip("there is no API server to compare with")
	}
	skew := e.client.Skew()
	if skew == 0 {
		return fine("within five seconds of the API server's")
	}
	return noteworthy("the API server's clock is %s ahead of this machine's; certificates and tokens may be refused for it", skew.Round(time.Second))
}
