package gateway

// What ends a session that is only quiet, or only long. Both ends of a session
// speak every 15 to 30 seconds and wait ten minutes for a network that has gone
// away; a timer of the gateway that is shorter than the first cuts everybody,
// one shorter than the second cuts those who would have come back.

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// quiet is twice the interval of ssh's keepalive.
const quiet = 2 * 15 * time.Second

// timer is a setting that may end sessions.
type timer struct {
	name string // as Envoy writes it
	is   time.Duration
}

// timer says what a timer does; it returns whether that is without problem.
func (r *run) timer(object string, t timer, fix string) bool {
	const check = "idle-timeout"
	switch longest := strings.HasPrefix(t.name, "max_"); {
	case t.is <= 0:
	case longest && t.is < longEnough:
		r.problem("session-length", object, "every session ends after "+t.is.String()+", however busy it is ("+t.name+")", fix)
		return false
	case longest:
		r.note("session-length", object, "every session ends after "+t.is.String()+", however busy it is ("+t.name+")", fix)
	case t.is < quiet:
		r.problem(check, object, fmt.Sprintf("a session that is silent for %s is ended (%s), and ssh speaks every 15s only: nobody's lasts", t.is, t.name), fix)
		return false
	case t.is <= outage:
		r.problem(check, object, fmt.Sprintf("a session that is silent for %s is ended (%s); its two ends wait %s for a network to come back", t.is, t.name, outage), fix)
		return false
	}
	return true
}

// timers finds the timers below a value of Envoy's configuration.
func timers(value any, under string) []timer {
	var found []timer
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			name := snake(key)
			text, isText := inner.(string)
			switch {
			case !isText:
				found = append(found, timers(inner, name)...)
			case name == "idle_timeout" && under == "common_http_protocol_options":
				// Of connections that carry nothing.
			case name == "stream_idle_timeout", name == "idle_timeout", name == "max_stream_duration", name == "max_connection_duration":
				if d, err := time.ParseDuration(text); err == nil {
					found = append(found, timer{name, d})
				}
			}
		}
	case []any:
		for _, inner := range v {
			found = append(found, timers(inner, under)...)
		}
	}
	return found
}

// snake turns the other spelling of a field, maxStreamDuration, into Envoy's.
func snake(key string) string {
	var b strings.Builder
	for _, c := range key {
		if unicode.IsUpper(c) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// proxyConfig is what Istio's proxies are told, as far as sessions feel it.
type proxyConfig struct {
	DrainDuration      string            `json:"drainDuration"`
	ProxyMetadata      map[string]string `json:"proxyMetadata"`
	ConnectionSettings struct {
		Profile                   string `json:"profile"`
		HTTPStreamIdleTimeout     string `json:"httpStreamIdleTimeout"`
		HTTPMaxStreamDuration     string `json:"httpMaxStreamDuration"`
		HTTPMaxConnectionDuration string `json:"httpMaxConnectionDuration"`
	} `json:"connectionSettings"`
}

// drain is how long a listener that changes waits; Istio's own is 45 seconds.
func (p proxyConfig) drain() time.Duration {
	if d, err := time.ParseDuration(p.DrainDuration); err == nil {
		return d
	}
	return 45 * time.Second
}

// timers are those of the proxy's own settings.
func (p proxyConfig) timers() []timer {
	s := p.ConnectionSettings
	if s.HTTPStreamIdleTimeout == "" && s.Profile == "EDGE" {
		s.HTTPStreamIdleTimeout = "5m" // as Istio says of this profile
	}
	var out []timer
	for name, text := range map[string]string{
		"stream_idle_timeout": s.HTTPStreamIdleTimeout, "max_stream_duration": s.HTTPMaxStreamDuration, "max_connection_duration": s.HTTPMaxConnectionDuration,
	} {
		if d, err := time.ParseDuration(text); err == nil {
			out = append(out, timer{name, d})
		}
	}
	return out
}

// idle looks at the timers of the proxies' settings.
func (r *run) idle(context.Context) {
	clean := true
	for _, t := range r.proxy.timers() {
		clean = r.timer("connectionSettings", t, "set httpStreamIdleTimeout: 0s, and no longest duration, in connectionSettings of annotation proxy.istio.io/config of Deployment "+workspace.GatewayNamespace+"/"+gatewayName) && clean
	}
	if clean && r.meshSeen {
		r.fine("idle-timeout", "no setting of the proxies cuts a session that is quiet")
	}
}

// look reads what several checks need. What cannot be read is said once, by the
// check that needs it most.
func (r *run) look(ctx context.Context) {
	r.root, r.pods = "istio-system", map[string]string{gatewayLabel: gatewayName}
	r.workspaces(ctx)
	if r.Installation.Gateway.Kind == route.KindEnvoyGateway {
		r.pods[owningNamespace], r.pods[owningName] = workspace.GatewayNamespace, gatewayName
	}
	if !r.istio() {
		return
	}
	revision := ""
	var own proxyConfig
	if o, err := r.Cluster.Resource(deploys).Namespace(workspace.GatewayNamespace).Get(ctx, gatewayName, metav1.GetOptions{}); err == nil {
		labels, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
		maps.Copy(r.pods, labels)
		annotations, _, _ := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "annotations")
		if text := annotations["proxy.istio.io/config"]; text != "" && yaml.Unmarshal([]byte(text), &own) != nil {
			r.problem("proxy-config", title(o), "annotation proxy.istio.io/config is not readable: Istio ignores it", "apply the manifest again: berth gateway manifest")
		}
		revision = labels["istio.io/rev"]
	}
	r.proxy = r.mesh(ctx, revision).with(own)
}

// mesh is what all proxies of the mesh are told.
func (r *run) mesh(ctx context.Context, revision string) proxyConfig {
	name := "istio"
	if revision != "" && revision != "default" {
		name += "-" + revision
	}
	var mesh struct {
		RootNamespace string      `json:"rootNamespace"`
		DefaultConfig proxyConfig `json:"defaultConfig"`
	}
	o, err := r.Cluster.Resource(configMaps).Namespace("istio-system").Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		r.note("mesh-config", "ConfigMap istio-system/"+workspace.Safe(name), "what the mesh tells every proxy was not looked at: "+err.Error(), "")
		return proxyConfig{}
	}
	text, _, _ := unstructured.NestedString(o.Object, "data", "mesh")
	if err := yaml.Unmarshal([]byte(text), &mesh); err != nil {
		r.note("mesh-config", title(o), "what the mesh tells every proxy is not readable: "+err.Error(), "")
		return proxyConfig{}
	}
	r.meshSeen = true
	if mesh.RootNamespace != "" {
		r.root = mesh.RootNamespace
	}
	return mesh.DefaultConfig
}

// with is p with what own says in its place.
func (p proxyConfig) with(own proxyConfig) proxyConfig {
	if own.DrainDuration != "" {
		p.DrainDuration = own.DrainDuration
	}
	metadata := maps.Clone(p.ProxyMetadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	maps.Copy(metadata, own.ProxyMetadata)
	p.ProxyMetadata = metadata
	for _, field := range []struct{ to, from *string }{
		{&p.ConnectionSettings.Profile, &own.ConnectionSettings.Profile},
		{&p.ConnectionSettings.HTTPStreamIdleTimeout, &own.ConnectionSettings.HTTPStreamIdleTimeout},
		{&p.ConnectionSettings.HTTPMaxStreamDuration, &own.ConnectionSettings.HTTPMaxStreamDuration},
		{&p.ConnectionSettings.HTTPMaxConnectionDuration, &own.ConnectionSettings.HTTPMaxConnectionDuration},
	} {
		if *field.from != "" {
			*field.to = *field.from
		}
	}
	return p
}
