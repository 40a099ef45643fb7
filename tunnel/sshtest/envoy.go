package sshtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
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

// EnvoyConfig is what a real Envoy does.
type EnvoyConfig struct {
	Namespace string // the network namespace, where it listens on every address; "" is this one, and loopback
	Port      int    // 0 is a free one
	Target    string // where each CONNECT is tunnelled to, host:port
	// StreamIdle ends a tunnel on which nothing moves; 0 never does, as in
	// berth's own gateways.
	StreamIdle time.Duration
}

// EnvoyServer is a gateway that may be drained and killed, and started again.
type EnvoyServer struct {
	Addr string // host:port

	t         testing.TB
	namespace string
	path      string
	file      string // its configuration
	admin     string // host:port of its administration
	cmd       *exec.Cmd
}

// Envoy runs a real Envoy until the test ends, which tunnels each CONNECT as
// berth's gateways do.
func Envoy(t testing.TB, config EnvoyConfig) *EnvoyServer {
	t.Helper()
	e := &EnvoyServer{t: t, namespace: config.Namespace, path: EnvoyPath(), admin: freeAddr(t)}
	if e.path == "" {
		t.Fatal("there is no Envoy: make realnode builds it")
	}
	host := "::"
	if config.Namespace == "" {
		host = "127.0.0.1"
	}
	if config.Port == 0 {
		_, text, _ := net.SplitHostPort(freeAddr(t))
		config.Port, _ = strconv.Atoi(text)
	}
	e.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(config.Port))
	bootstrap, err := json.Marshal(config.bootstrap(host, e.admin))
	if err != nil {
		t.Fatal(err)
	}
	e.file = filepath.Join(t.TempDir(), "envoy.json")
	if err := os.WriteFile(e.file, bootstrap, 0o600); err != nil {
		t.Fatal(err)
	}
	e.Start()
	t.Cleanup(e.Kill)
	return e
}

// Start starts it, again after Kill, and returns once it serves.
func (e *EnvoyServer) Start() {
	e.t.Helper()
	log := &lockedBuffer{}
	e.cmd = inNamespace(context.Background(), e.namespace, e.path, "-c", e.file, "--use-dynamic-base-id", "--log-level", "info",
		"--concurrency", "2", "--drain-time-s", "2")
	e.cmd.Stdout, e.cmd.Stderr = log, log
	if err := e.cmd.Start(); err != nil {
		e.t.Fatalf("starting envoy: %v", err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
		if strings.Contains(log.String(), "starting main dispatch loop") {
			tick.Stop()
			return
		}
		if time.Now().After(deadline) {
			e.t.Fatalf("envoy does not start:\n%s", log)
		}
	}
}

// Kill ends it without a word to anybody.
func (e *EnvoyServer) Kill() {
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait() // it was killed, perhaps before: its status says nothing
}

// Drain has it take no more connections, and go on with those it has.
func (e *EnvoyServer) Drain() {
	e.t.Helper()
	resp, err := http.Post("http://"+e.admin+"/drain_listeners?graceful", "", nil) //nolint:noctx // it is on this machine
	if err != nil {
		e.t.Fatalf("draining envoy: %v", err)
	}
	_ = resp.Body.Close() // it says OK
}

// buffer is how many bytes of a session wait in Envoy, each way, as in berth's
// own gateways.
const buffer = 64 << 10

type object = map[string]any

// bootstrap is a listener whose every CONNECT goes to the target.
func (c EnvoyConfig) bootstrap(listenHost, admin string) object {
	address := func(host, port string) object {
		n, _ := strconv.Atoi(port)
		return object{"socket_address": object{"address": host, "port_value": n}}
	}
	at := func(hostPort string) object {
		host, port, _ := net.SplitHostPort(hostPort)
		return address(host, port)
	}
	listen := address(listenHost, strconv.Itoa(c.Port))
	listen["socket_address"].(object)["ipv4_compat"] = listenHost == "::"
	idle := fmt.Sprintf("%gs", c.StreamIdle.Seconds())
	route := object{
		"match": object{"connect_matcher": object{}},
		"route": object{
			"cluster": "sshd", "timeout": "0s", "idle_timeout": idle,
			"upgrade_configs": []object{{"upgrade_type": "CONNECT", "connect_config": object{}}},
		},
	}
	manager := object{
		"@type":       "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix": "ssh",
		"route_config": object{"virtual_hosts": []object{{
			"name": "ssh", "domains": []string{"*"}, "routes": []object{route},
		}}},
		"stream_idle_timeout": idle,
		"http_filters": []object{{
			"name":         "envoy.filters.http.router",
			"typed_config": object{"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
		}},
	}
	return object{"admin": object{"address": at(admin)}, "static_resources": object{
		"listeners": []object{{
			"name": "ssh", "address": listen, "per_connection_buffer_limit_bytes": buffer,
			"filter_chains": []object{{"filters": []object{{
				"name": "envoy.filters.network.http_connection_manager", "typed_config": manager,
			}}}},
		}},
		"clusters": []object{{
			"name": "sshd", "type": "STATIC", "connect_timeout": "5s", "per_connection_buffer_limit_bytes": buffer,
			"load_assignment": object{"cluster_name": "sshd", "endpoints": []object{{
				"lb_endpoints": []object{{"endpoint": object{"address": at(c.Target)}}},
			}}},
		}},
	}}
}
