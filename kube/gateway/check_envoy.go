package gateway

// A stand-alone Envoy: what it does is in one file, and who waits for sessions
// is the pod.

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/berth-sh/berth/workspace"
)

const (
	// outage is how long both ends of a session wait for an answer: a gateway
	// that gives up earlier ends sessions that would have gone on.
	outage = 10 * time.Minute
	// envoyIdle is what Envoy takes where nothing is said.
	envoyIdle = 5 * time.Minute
	again     = "apply the manifest again: berth gateway manifest"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// envoy looks at a stand-alone Envoy's pods and at its configuration.
func (r *run) envoy(ctx context.Context) {
	deployment, ok := r.get(ctx, "drain", deploys, gatewayName, again)
	if ok {
		r.waits(deployment)
	}
	config, found := r.get(ctx, "configuration", configMaps, envoyConfig, again)
	if !found {
		return
	}
	files, _, _ := unstructured.NestedStringMap(config.Object, "data")
	file := files[envoyFile]
	if ok {
		stamp, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "metadata", "annotations", configDigest)
		if stamp != digestOf(files) {
			r.problem("configuration", title(config), "it is not what the pods have read: they began with another one", again)
		}
	}
	r.configuration(config, file)
}

// get reads one of our objects; what cannot be read is a finding.
func (r *run) get(ctx context.Context, check string, of schema.GroupVersionResource, name, fix string) (*unstructured.Unstructured, bool) {
	o, err := r.Cluster.Resource(of).Namespace(workspace.GatewayNamespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		r.problem(check, of.Resource+" "+workspace.GatewayNamespace+"/"+name, "cannot be looked at: "+err.Error(), fix)
		return nil, false
	}
	return o, true
}

// waits looks at how long the pods of a Deployment wait for their sessions.
func (r *run) waits(deployment *unstructured.Unstructured) {
	const check = "drain"
	grace, _, _ := unstructured.NestedInt64(deployment.Object, "spec", "template", "spec", "terminationGracePeriodSeconds")
	containers, _, _ := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	held := slices.ContainsFunc(containers, func(c any) bool {
		container, _ := c.(map[string]any)
		hook, found, _ := unstructured.NestedMap(container, "lifecycle", "preStop")
		seconds, sleeps, _ := unstructured.NestedInt64(hook, "sleep", "seconds")
		return found && (!sleeps || time.Duration(seconds)*time.Second >= longEnough)
	})
	switch {
	case time.Duration(grace)*time.Second < longEnough:
		r.problem(check, title(deployment), fmt.Sprintf("a pod that goes gives sessions %d seconds (terminationGracePeriodSeconds)", grace), again)
	case !held:
		r.problem(check, title(deployment), "a pod that goes cuts its sessions at once: nothing holds Envoy back (preStop)", again)
	default:
		r.fine(check, "pods that go wait for their sessions")
	}
}

// configuration looks for what would hurt in Envoy's own file.
func (r *run) configuration(config *unstructured.Unstructured, file string) {
	const check = "configuration"
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(file), &doc); err != nil || len(doc.Content) == 0 {
		r.problem(check, title(config), "it cannot be read", again)
		return
	}
	clean := true
	say := func(check, words string) {
		clean = false
		r.problem(check, title(config), words, again)
	}
	if address := text(at(doc.Content[0], "admin", "address", "socket_address", "address")); address != "" && !strings.HasPrefix(address, "127.") && address != "::1" {
		say("admin-port", "Envoy's administration listens on "+address+": whoever reaches it owns the gateway")
	}
	idle := envoyIdle
	for _, n := range named(&doc, "stream_idle_timeout") {
		if d, err := time.ParseDuration(text(n)); err == nil {
			idle = d
		}
	}
	if idle != 0 && idle <= outage {
		say("idle-timeout", fmt.Sprintf("a session that is silent for %s is ended (stream_idle_timeout); its two ends wait %s for a network to come back", idle, outage))
	}
	pattern := regexp.QuoteMeta("." + r.Installation.Gateway.Domain + ":22")
	if !slices.ContainsFunc(named(&doc, "regex"), func(n *yaml.Node) bool { return strings.HasSuffix(strings.TrimSuffix(text(n), "$"), pattern) }) {
		say(check, "no pattern holds authorities to the published domain "+r.Installation.Gateway.Domain)
	}
	if clean {
		r.fine(check, "sessions may be silent for "+patience(idle)+", and its administration is not reached")
	}
}

// patience puts an idle timeout into words; 0 is none.
func patience(idle time.Duration) string {
	if idle == 0 {
		return "ever"
	}
	return idle.String()
}

// named finds the values of every field of a name.
func named(n *yaml.Node, field string) []*yaml.Node {
	if n.Kind == yaml.AliasNode {
		return nil // it is where it points too
	}
	var found []*yaml.Node
	for i, inner := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == field {
			if inner.Kind == yaml.AliasNode {
				inner = inner.Alias
			}
			found = append(found, inner)
		}
		found = append(found, named(inner, field)...)
	}
	return found
}
