//go:build linux

package mesh

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
)

// Envoy is a gateway that istiod configures.
type Envoy struct {
	Namespace string
	Labels    map[string]string // what the Gateway resource selects
	Admin     int               // port of its administration, on 127.0.0.1
	// Drain is how long a listener that changes waits for its connections, in
	// seconds. A short one makes a cut visible.
	Drain int
	// Token is one of the gateway's service account, for istiod (audience
	// istio-ca). With it Envoy asks by TLS, and is given the certificates that
	// its account may read; without it it is nobody, and is given none.
	Token string
}

type object = map[string]any

// Gateway starts an Envoy, which ends with ctx, and waits until it is
// configured.
func (m *Mesh) Gateway(ctx context.Context, e Envoy) error {
	data, err := json.Marshal(e.bootstrap())
	if err != nil {
		return fmt.Errorf("configuring envoy: %w", err)
	}
	config := filepath.Join(m.dir, "envoy-"+strconv.Itoa(e.Admin)+".json")
	if err := os.WriteFile(config, data, 0o600); err != nil {
		return fmt.Errorf("configuring envoy: %w", err)
	}
	err = m.run(ctx, "envoy", nil, "-c", config, "--base-id", strconv.Itoa(e.Admin), "--log-level", "warning",
		"--drain-time-s", strconv.Itoa(e.Drain), "--drain-strategy", "immediate", "--concurrency", "2")
	if err != nil {
		return err
	}
	return Await(ctx, fmt.Sprintf("http://127.0.0.1:%d/ready", e.Admin))
}

// bootstrap is what the Istio agent would give to Envoy.
func (e Envoy) bootstrap() object {
	name := "gw-" + strconv.Itoa(e.Admin)
	labels := object{}
	for key, value := range maps.All(e.Labels) {
		labels[key] = value
	}
	local := func(port int) object {
		return object{"socket_address": object{"address": "127.0.0.1", "port_value": port}}
	}
	grpc := object{"envoy_grpc": object{"cluster_name": "xds"}}
	xds := object{
		"name": "xds", "type": "STATIC", "connect_timeout": "1s",
		"typed_extension_protocol_options": object{"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
			"@type":                "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
			"explicit_http_config": object{"http2_protocol_options": object{}},
		}},
	}
	port := xdsPort
	if e.Token != "" {
		port = secureXDSPort
		grpc["initial_metadata"] = []object{{"key": "authorization", "value": "Bearer " + e.Token}}
		xds["transport_socket"] = object{"name": "envoy.transport_sockets.tls", "typed_config": object{
			"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", "sni": "istiod.istio-system.svc",
			"common_tls_context": object{"alpn_protocols": []string{"h2"}},
		}}
	}
	xds["load_assignment"] = object{"cluster_name": "xds", "endpoints": []object{{"lb_endpoints": []object{{
		"endpoint": object{"address": local(port)},
	}}}}}
	ads := object{"ads": object{}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
	return object{
		"node": object{
			"id": "router~127.0.0.1~" + name + "." + e.Namespace + "~" + e.Namespace + ".svc.cluster.local", "cluster": name,
			"metadata": object{
				"NAMESPACE": e.Namespace, "NAME": name, "LABELS": labels, "CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0", "PROXY_CONFIG": object{},
			},
		},
		"admin": object{"address": local(e.Admin)},
		"layered_runtime": object{"layers": []object{{"name": "static", "static_layer": object{
			"re2.max_program_size.error_level": 32768,
		}}}},
		"dynamic_resources": object{
			"lds_config": ads, "cds_config": ads,
			"ads_config": object{
				"api_type": "GRPC", "transport_api_version": "V3", "set_node_on_first_message_only": true,
				"grpc_services": []object{grpc},
			},
		},
		"static_resources": object{"clusters": []object{xds}},
	}
}
