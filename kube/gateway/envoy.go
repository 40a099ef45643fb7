package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Names in the manifests of the kinds without Istio.
const (
	envoyConfig  = "berth-envoy" // the ConfigMap of Envoy's configuration
	envoyFile    = "envoy.yaml"  // its key
	egressPolicy = "berth-egress"
	// anyNamespace is what the pattern of authorities allows for a namespace.
	anyNamespace = "([a-z0-9][a-z0-9-]*)"
	// namespaceName labels every namespace with its name.
	namespaceName = "kubernetes.io/metadata.name"
	configDigest  = "berth.sh/config"
)

// envoy puts the options into a stand-alone Envoy.
func (o *Options) envoy(e *editor) {
	o.service(e)
	if len(o.Namespaces) > 0 {
		only := strings.NewReplacer(anyNamespace, "("+strings.Join(o.Namespaces, "|")+")") // names are checked: no part of a pattern
		e.setOf("ConfigMap", envoyConfig, only.Replace(e.envoyConfig()), "data", envoyFile)
		o.egress(e)
	}
	e.stamp()
}

// envoyConfig is Envoy's configuration as it stands in the manifest.
func (e *editor) envoyConfig() string {
	for _, o := range e.objects("ConfigMap", envoyConfig) {
		return text(child(child(o, "data"), envoyFile))
	}
	return ""
}

// envoyGateway puts the options into what Envoy Gateway makes pods of.
func (o *Options) envoyGateway(e *editor) {
	service := func(field string) []string { return []string{"spec", "provider", "kubernetes", "envoyService", field} }
	if len(o.Annotations) > 0 {
		e.set("EnvoyProxy", o.Annotations, service("annotations")...)
	}
	if len(o.SourceRanges) > 0 {
		e.set("EnvoyProxy", o.SourceRanges, service("loadBalancerSourceRanges")...)
	}
	if len(o.Namespaces) > 0 {
		e.set("Gateway", map[string]any{"from": "Selector", "selector": o.selector()}, "spec", "listeners", "0", "allowedRoutes", "namespaces")
		o.egress(e)
	}
}

// egress limits what the gateway's pods reach to the workspaces of the
// namespaces that the gateway is for.
func (o *Options) egress(e *editor) {
	e.setOf("NetworkPolicy", egressPolicy, o.selector(), "spec", "egress", "0", "to", "0", "namespaceSelector")
}

// selector selects the namespaces that the gateway is for.
func (o *Options) selector() map[string]any {
	return map[string]any{"matchExpressions": []any{
		map[string]any{"key": namespaceName, "operator": "In", "values": o.Namespaces},
	}}
}

// stamp makes pods that have read other files be replaced.
func (e *editor) stamp() {
	for _, o := range e.objects("ConfigMap", envoyConfig) {
		files := map[string]string{}
		data := child(o, "data")
		for i := 0; i+1 < len(data.Content); i += 2 {
			files[data.Content[i].Value] = text(data.Content[i+1])
		}
		e.set("Deployment", digestOf(files), "spec", "template", "metadata", "annotations", configDigest)
	}
}

// digestOf is a digest of files that are read together.
func digestOf(files map[string]string) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&all, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return digest(all.String())
}
