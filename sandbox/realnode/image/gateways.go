package image

// Images of gateways, named as their own projects name them: a manifest that
// asks for one of these gets it.
const (
	Envoy        = "docker.io/envoyproxy/envoy:v1.40.0"
	EnvoyGateway = "docker.io/envoyproxy/gateway:v1.9.1"
)

// Gateways are the images of gateways. Envoy's own has a shell and the tools of
// a small Debian beside it; Envoy Gateway's has nothing.
func Gateways(envoy, envoyGateway []byte) []Recipe {
	return []Recipe{
		{Name: Envoy, Base: release, Files: map[string][]byte{"usr/local/bin/envoy": envoy}, Cmd: []string{"envoy", "-c", "/etc/envoy/envoy.yaml"}},
		{Name: EnvoyGateway, Files: map[string][]byte{"usr/local/bin/envoy-gateway": envoyGateway}, Cmd: []string{"envoy-gateway", "server"}},
	}
}
