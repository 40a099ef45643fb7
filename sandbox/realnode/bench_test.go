//go:build linux && realnode

package realnode_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkCreateToFirstCommand is the time from nothing to the first command
// done over ssh: by `berth create --wait` and plain ssh through the gateway,
// and by kubectl apply of the same objects, kubectl wait and ssh to the pod.
func BenchmarkCreateToFirstCommand(b *testing.B) {
	for _, p := range profiles[:4] {
		b.Run(strings.ReplaceAll(p.name, " ", "-"), func(b *testing.B) {
			ours, peer, again := []float64{}, []float64{}, []float64{}
			for b.Loop() {
				left, right := newBed(b, p.level), newBed(b, p.level)
				begun := time.Now()
				left.create("w", p.image, "--profile", p.profile, "--cpu", "500m") // with less, the limit is what is measured
				left.far("w", "true")
				ours = append(ours, time.Since(begun).Seconds())

				objects := left.objects("w")
				begun = time.Now()
				right.mustCommand("kubectl", "-n", right.namespace, "apply", "-f", objects)
				right.mustCommand("kubectl", "-n", right.namespace, "wait", "--for=condition=Available", "--timeout=60s", "deployment/w")
				right.mustCommand("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
					"-i", filepath.Join(left.home, ".ssh", "id_ed25519"), "-p", "2222", "dev@"+right.pod("w").Status.PodIP, "true")
				peer = append(peer, time.Since(begun).Seconds())

				left.berth("stop", "w", "--wait", "--yes")
				begun = time.Now()
				left.berth("start", "w", "--wait")
				left.far("w", "true")
				again = append(again, time.Since(begun).Seconds())

				// The next round needs the node's processors.
				left.berth("delete", "w", "--wait", "--yes")
				right.mustCommand("kubectl", "-n", right.namespace, "delete", "deployment/w", "--cascade=foreground")
			}
			b.ReportMetric(median(ours), "berth-s")
			b.ReportMetric(median(peer), "kubectl-s")
			b.ReportMetric(median(ours)/median(peer), "ratio")
			b.ReportMetric(median(again), "start-again-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// objects writes the objects of a workspace as somebody would have written them
// by hand, and returns the file.
func (b *bed) objects(name string) string {
	b.t.Helper()
	var list struct {
		APIVersion string           `json:"apiVersion"`
		Kind       string           `json:"kind"`
		Items      []map[string]any `json:"items"`
	}
	text := b.mustCommand("kubectl", "-n", b.namespace, "get", "secret,configmap,service,poddisruptionbudget,persistentvolumeclaim,deployment",
		"-l", "berth.sh/workspace="+name, "-o", "json")
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, item := range list.Items {
		delete(item, "status")
		meta := item["metadata"].(map[string]any)
		item["metadata"] = map[string]any{"name": meta["name"], "labels": meta["labels"]}
		if spec, ok := item["spec"].(map[string]any); ok {
			for _, field := range []string{"clusterIP", "clusterIPs", "volumeName"} {
				delete(spec, field)
			}
		}
	}
	data, err := json.Marshal(list)
	if err != nil {
		b.t.Fatal(err)
	}
	path := filepath.Join(b.home, fmt.Sprintf("%s.json", name))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}
