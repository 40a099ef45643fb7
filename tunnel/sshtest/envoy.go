package sshtest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// EnvoyPath is where the build of a real node puts Envoy, "" where it has not
// been built.
func EnvoyPath() string {
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "..", "..", "..", "bin", "realnode", "envoy")
	if bin := os.Getenv("BERTH_BIN"); bin != "" {
		path = filepath.Join(bin, "realnode", "envoy")
	}
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// Envoy runs a real Envoy until the test ends, which tunnels each CONNECT to
// target, as berth's gateways do. In a network namespace it listens on port of
// every address; with "" for that it listens on a free port of loopback.
func Envoy(t testing.TB, namespace string, port int, target string) *Gateway {
	t.Helper()
	path := EnvoyPath()
	if path == "" {
		t.Fatal("there is no Envoy: make realnode builds it")
	}
	host := "::"
	if namespace == "" {
		var text string
		host, text, _ = net.SplitHostPort(freeAddr(t))
		port, _ = strconv.Atoi(text)
	}
	config, err := json.Marshal(envoyConfig(host, port, target))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "envoy.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	cmd := inNamespace(context.Background(), namespace, path, "-c", file, "--use-dynamic-base-id", "--log-level", "info", "--concurrency", "2")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting envoy: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed: its status says nothing
	})
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if strings.Contains(log.String(), "starting main dispatch loop") {
			tick.Stop()
			return &Gateway{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
		}
		if time.Now().After(deadline) {
			t.Fatalf("envoy does not start:\n%s", log)
		}
	}
}

type object = map[string]any

// envoyConfig is a listener whose every CONNECT goes to target.
func envoyConfig(listenHost string, port int, target string) object {
	host, text, _ := net.SplitHostPort(target)
	targetPort, _ := strconv.Atoi(text)
	address := func(host string, port int) object {
		return object{"socket_address": object{"address": host, "port_value": port}}
	}
	listen := address(listenHost, port)
	listen["socket_address"].(object)["ipv4_compat"] = listenHost == "::"
	route := object{
		"match": object{"connect_matcher": object{}},
		"route": object{
			"cluster": "sshd", "timeout": "0s", "idle_timeout": "0s",
			"upgrade_configs": []object{{"upgrade_type": "CONNECT", "connect_config": object{}}},
		},
	}
	manager := object{
		"@type":       "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix": "ssh",
		"route_config": object{"virtual_hosts": []object{{
			"name": "ssh", "domains": []string{"*"}, "routes": []object{route},
		}}},
		"stream_idle_timeout": "0s",
		"http_filters": []object{{
			"name":         "envoy.filters.http.router",
			"typed_config": object{"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
		}},
	}
	return object{"static_resources": object{
		"listeners": []object{{
			"name": "ssh", "address": listen,
			"filter_chains": []object{{"filters": []object{{
				"name": "envoy.filters.network.http_connection_manager", "typed_config": manager,
			}}}},
		}},
		"clusters": []object{{
			"name": "sshd", "type": "STATIC", "connect_timeout": "5s",
			"load_assignment": object{"cluster_name": "sshd", "endpoints": []object{{
				"lb_endpoints": []object{{"endpoint": object{"address": address(host, targetPort)}}},
			}}},
		}},
	}}
}
