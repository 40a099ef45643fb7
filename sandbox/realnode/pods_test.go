//go:build linux && realnode

package realnode_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// Gateways that run as pods on the node, as their manifests say. The tests are
// the cloud that gives their load balancer its address.
const (
	balancer   = "10.244.255.80"
	podGateway = balancer + ":80"
	// controllers is the namespace that Envoy Gateway runs in.
	controllers = "envoy-gateway-system"
)

// envoy installs a stand-alone Envoy by its manifest.
func (b *bed) envoy(options ...string) {
	b.t.Helper()
	b.install("envoy", options...)
	b.t.Cleanup(func() { b.endPods("berth-gateway") })
	b.balance("berth-gateway", "berth")
}

// envoyGateway installs Envoy Gateway, and a gateway by its manifest.
func (b *bed) envoyGateway(options ...string) {
	b.t.Helper()
	b.gatewayAPI()
	b.mustCommand("env", "ENVOY_GATEWAY_NAMESPACE="+controllers, b.path("envoy-gateway"), "certgen", "--disable-topology-injector")
	text, err := os.ReadFile(filepath.Join("testdata", "envoy-gateway.yaml"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.apply(string(text))
	b.t.Cleanup(func() {
		b.endPods(controllers)
		b.run("", "kubectl", "delete", "clusterrolebinding/envoy-gateway")
	})
	b.install("envoy-gateway", options...)
	// Its own image is named by a digest, which no archive of ours has.
	b.mustCommand("kubectl", "patch", "envoyproxy/berth", "-n", "berth-gateway", "--type=merge",
		"-p", `{"spec":{"provider":{"kubernetes":{"envoyDeployment":{"container":{"image":"`+image.Envoy+`"}}}}}}`)
	b.balance(controllers, "berth-gateway")
}

// gatewayAPI makes Gateway API's kinds known, and Envoy Gateway's own, and the
// namespace that Envoy Gateway runs in.
func (b *bed) gatewayAPI() {
	b.t.Helper()
	b.mustCommand("kubectl", "apply", "--server-side", "-f", filepath.Join(node.bin, "realnode", "envoy-gateway-crds.yaml"))
	b.eventually(30*time.Second, "the new kinds are served", func() error {
		if r := b.run("", "kubectl", "get", "httproutes,envoyproxies,clienttrafficpolicies,envoypatchpolicies", "-A"); r.code != 0 {
			return errors.New(r.stderr)
		}
		return nil
	})
	b.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + controllers + "}\n")
	b.t.Cleanup(func() {
		b.run("", "kubectl", "delete", "namespace/"+controllers)
		// Envoy Gateway lets go of a class when its last Gateway is gone, unless
		// Envoy Gateway went first.
		b.run("", "kubectl", "patch", "gatewayclass/berth", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
		b.run("", "kubectl", "delete", "gatewayclass/berth", "--ignore-not-found")
	})
}

// install applies the manifest of a kind, with more options. What it replaces is
// back when the test ends, and what it has made is gone.
func (b *bed) install(kind string, options ...string) {
	b.t.Helper()
	b.gatewayOnly, b.gateway = true, podGateway
	maps := b.api.CoreV1().ConfigMaps("berth-gateway")
	was, err := maps.Get(b.t.Context(), "berth", metav1.GetOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.apply(b.mustCommand(append([]string{"berth", "gateway", "manifest", "--kind", kind, "--domain", meshDomain, "--address", podGateway, "--grant", b.namespace + "=dev@acme.test"}, options...)...))
	b.t.Cleanup(func() {
		ctx := context.Background()
		now, err := maps.Get(ctx, "berth", metav1.GetOptions{})
		if err != nil {
			b.t.Fatal(err)
		}
		now.Data = was.Data
		if _, err := maps.Update(ctx, now, metav1.UpdateOptions{}); err != nil {
			b.t.Error(err)
		}
		kinds := "deployments,services,networkpolicies,poddisruptionbudgets"
		if kind == "envoy-gateway" {
			// Its finalizer waits for a controller that may be gone by then.
			b.run("", "kubectl", "delete", "--ignore-not-found", "--wait=false", "validatingadmissionpolicybinding/berth-httproutes", "validatingadmissionpolicy/berth-httproutes",
				"clusterrole/berth-developer-route", "gatewayclass/berth")
			kinds += ",gateways.gateway.networking.k8s.io,envoyproxies,clienttrafficpolicies,envoypatchpolicies,securitypolicies.gateway.envoyproxy.io"
		}
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "--all", "--wait=false", kinds)
		b.run("", "kubectl", "delete", "-n", "berth-gateway", "configmap/berth-envoy", "configmap/berth-client-ca", "secret/connect-tls", "--ignore-not-found")
	})
}

// apply applies a manifest.
func (b *bed) apply(manifest string) {
	b.t.Helper()
	if r := b.run(manifest, "kubectl", "apply", "--server-side", "--force-conflicts", "-f", "-"); r.code != 0 {
		b.t.Fatal(r)
	}
}

// balance waits for the pods of a gateway's Deployment, gives its Service of
// the same name an address, and waits for an answer there.
func (b *bed) balance(namespace, name string) {
	b.t.Helper()
	b.eventually(time.Minute, "the gateway's Deployment", func() error {
		if r := b.run("", "kubectl", "get", "deployment/"+name, "service/"+name, "-n", namespace); r.code != 0 {
			return errors.New(r.stderr)
		}
		return nil
	})
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Log(b.run("", "kubectl", "get", "pods,events", "-n", namespace))
			b.t.Log(b.run("", "kubectl", "logs", "-n", namespace, "--all-containers", "--prefix", "--tail=40", "-l", "berth.sh/gateway=berth"))
		}
	})
	b.mustCommand("kubectl", "rollout", "status", "deployment/"+name, "-n", namespace, "--timeout=90s")
	b.mustCommand("kubectl", "patch", "service/"+name, "-n", namespace, "--subresource=status", "--type=merge",
		"-p", `{"status":{"loadBalancer":{"ingress":[{"ip":"`+balancer+`","ipMode":"VIP"}]}}}`)
	if b.secured {
		return // a test of TLS asks in its own way
	}
	b.eventually(30*time.Second, "the gateway answers", func() error {
		status, err := connect(b.gateway, "nobody--"+b.namespace+"."+meshDomain+":22")
		if err == nil && !strings.HasPrefix(status, "HTTP/1.1 404") && !strings.HasPrefix(status, "HTTP/1.1 503") {
			err = errors.New(status)
		}
		return err
	})
}

// endPods ends the pods of a namespace without their day of grace, and does not
// wait for those that have begun it.
func (b *bed) endPods(namespace string) {
	b.run("", "kubectl", "delete", "deployments", "--all", "-n", namespace, "--wait=false")
	b.run("", "kubectl", "delete", "pods", "--all", "-n", namespace, "--grace-period=0", "--force", "--timeout=60s")
}
