package kube_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// metrics is an API server with metrics, which the sandbox has not: it answers
// for metrics.k8s.io what a real metrics-server answers.
func metrics(t *testing.T, code int, body string) (*kube.Client, *atomic.Value) {
	t.Helper()
	var asked atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.URL.String())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return client(t, func(c *rest.Config) {
		c.Host, c.TLSClientConfig, c.BearerToken = server.URL, rest.TLSClientConfig{}, ""
	}), &asked
}

const podMetrics = `{"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[
 {"metadata":{"name":"api-1","namespace":"team-a","labels":{"berth.sh/workspace":"api"}},"timestamp":"2026-03-04T12:00:00Z","window":"15s",
  "containers":[{"name":"workspace","usage":{"cpu":"385m","memory":"1228Mi"}},{"name":"proxy","usage":{"cpu":"15123456n","memory":"20480Ki"}}]},
 {"metadata":{"name":"api-0","namespace":"team-a","labels":{"berth.sh/workspace":"api"}},"timestamp":"2026-03-04T11:59:00Z","containers":[{"usage":{"cpu":"9","memory":"9Gi"}}]},
 {"metadata":{"name":"odd","namespace":"team-a","labels":{"berth.sh/workspace":"odd"}},"timestamp":"2026-03-04T12:00:00Z","containers":[{"usage":{"cpu":"much","memory":"-5"}}]},
 {"metadata":{"name":"x","namespace":"team-a","labels":{"berth.sh/workspace":"\u001b[31m"}},"timestamp":"2026-03-04T12:00:00Z","containers":[]}]}`

func TestUsage(t *testing.T) {
	c, asked := metrics(t, http.StatusOK, podMetrics)
	usage, err := c.Usage(t.Context(), "team-a")
	if err != nil {
		t.Fatal(err)
	}
	api := usage[workspace.Ref{Namespace: "team-a", Name: "api"}]
	if api.MilliCPU != 385+16 || api.Memory != 1248<<20 || api.At.IsZero() {
		t.Errorf("api uses %+v", api)
	}
	if odd := usage[workspace.Ref{Namespace: "team-a", Name: "odd"}]; odd.MilliCPU != 0 || odd.Memory != 0 || len(usage) != 2 {
		t.Errorf("what makes no sense: %+v", usage)
	}
	if url, _ := asked.Load().(string); !strings.HasPrefix(url, "/apis/metrics.k8s.io/v1beta1/namespaces/team-a/pods?labelSelector=") {
		t.Errorf("asked %s", url)
	}
	if _, err := c.Usage(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if url, _ := asked.Load().(string); !strings.HasPrefix(url, "/apis/metrics.k8s.io/v1beta1/pods?") {
		t.Errorf("of all namespaces: %s", url)
	}
}

// TestNoMetricsIsNoError covers the ways in which a cluster has none.
func TestNoMetricsIsNoError(t *testing.T) {
	status := func(reason string, code string) string {
		return `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `","message":"no","code":` + code + `}`
	}
	for _, answer := range []struct {
		code int
		body string
	}{
		{http.StatusNotFound, "404 page not found"},
		{http.StatusForbidden, status("Forbidden", "403")},
		{http.StatusServiceUnavailable, status("ServiceUnavailable", "503")},
		{http.StatusOK, "<html>a proxy</html>"},
	} {
		c, _ := metrics(t, answer.code, answer.body)
		if _, err := c.Usage(t.Context(), "team-a"); !errors.Is(err, kube.ErrNoMetrics) {
			t.Errorf("%d %s: %v", answer.code, answer.body, err)
		}
	}
	c, _ := metrics(t, http.StatusOK, `{"items":[]}`)
	if usage, err := c.Usage(t.Context(), "team-a"); err != nil || len(usage) != 0 {
		t.Errorf("an empty answer: %v, %v", usage, err)
	}
	real := client(t, nil) // the sandbox has no metrics-server
	if _, err := real.Usage(t.Context(), namespace(t, real, nil)); !errors.Is(err, kube.ErrNoMetrics) {
		t.Errorf("a real API server without metrics: %v", err)
	}
}
