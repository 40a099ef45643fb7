package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

var update = flag.Bool("update", false, "rewrite golden files")

// specs are the shapes whose objects are kept as golden files.
func specs() map[string]workspace.Spec {
	return map[string]workspace.Spec{
		"standard":        {Profile: workspace.Standard},
		"restricted":      {Profile: workspace.Restricted, Image: "registry.example.com/dev:1", ServicePort: 80, NoPDB: true},
		"full-privileged": {Profile: workspace.Full, Form: workspace.FormPrivileged, Root: 2},
		"full-baseline":   {Profile: workspace.Full, Form: workspace.FormBaseline},
		"was-full":        {Profile: workspace.Standard, WasFull: true},
		"everything": {
			Profile: workspace.Standard, Image: "acme/ml:2", CPU: "1500m", Memory: "8Gi", Disk: "100Gi", GPU: 2, User: "ada",
			Env: map[string]string{"B": "two", "A": "one"}, EnvFrom: []string{"tokens"}, Labels: map[string]string{"team": "ml"},
			ImagePullSecrets: []string{"registry"}, StorageClass: "fast", ServiceAccount: "builder", NodeSelector: map[string]string{"disk": "ssd"},
			Tolerations: []workspace.Toleration{{Key: "gpu", Effect: "NoSchedule"}, {Key: "team", Value: "ml"}},
			PodTemplate: json.RawMessage(`{"metadata":{"annotations":{"a":"b"},"labels":{"berth.sh/workspace":"stolen"}},"spec":{"containers":[{"name":"sidecar","image":"s:1"}]}}`),
		},
	}
}

func build(t *testing.T, spec workspace.Spec, inst workspace.Installation) (kube.Objects, error) {
	t.Helper()
	spec, err := spec.Complete(inst)
	if err != nil {
		t.Fatal(err)
	}
	id := kube.Identity{HostKey: []byte("PRIVATE"), HostPublic: "ssh-ed25519 AAAA", AuthorizedKeys: []string{"ssh-ed25519 BBBB me"}}
	return kube.Build(workspace.Ref{Namespace: "team-a", Name: "api"}, spec, id, inst)
}

func TestObjectsMatchGoldenFiles(t *testing.T) {
	for name, spec := range specs() {
		t.Run(name, func(t *testing.T) {
			objects, err := build(t, spec, workspace.Installation{})
			if err != nil {
				t.Fatal(err)
			}
			// The scripts have files and tests of their own.
			for file := range objects.Boot.Data {
				if file != "passwd" && file != "group" {
					objects.Boot.Data[file] = "(from assets)"
				}
			}
			got, err := objects.YAML()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got, "PRIVATE") {
				t.Error("the private host key is shown")
			}
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got; -update rewrites):\n%s", diff)
			}
		})
	}
}

func TestInstallationDecidesAboutEvictions(t *testing.T) {
	for evictions, want := range map[string]bool{"": true, "block": true, "allow": false} {
		objects, err := build(t, workspace.Spec{Profile: workspace.Standard}, workspace.Installation{Evictions: evictions})
		if err != nil {
			t.Fatal(err)
		}
		if got := objects.PDB != nil; got != want {
			t.Errorf("evictions %q: budget is %v, want %v", evictions, got, want)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	patch := func(s string) workspace.Spec {
		return workspace.Spec{Profile: workspace.Standard, PodTemplate: json.RawMessage(s)}
	}
	for name, spec := range map[string]workspace.Spec{
		"profile full":         {Profile: workspace.Full},
		"no profile":           {},
		"image with a newline": {Profile: workspace.Standard, Image: "a\nb"},
		"image with a space":   {Profile: workspace.Standard, Image: "a b"},
		"negative disk":        {Profile: workspace.Standard, Disk: "-1"},
		"zero memory":          {Profile: workspace.Standard, Memory: "0"},
		"patch removes the container": patch(
			`{"spec":{"containers":[{"$patch":"replace"},{"name":"other","image":"x"}]}}`),
		"patch swaps the home": patch(
			`{"spec":{"volumes":[{"name":"home","persistentVolumeClaim":{"claimName":"theirs"}}]}}`),
		"patch moves the keys": patch(
			`{"spec":{"containers":[{"name":"workspace","volumeMounts":[{"mountPath":"/etc/berth/ssh","name":"boot"}]}]}}`),
		"patch is no pod": patch(`{"spec":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := build(t, spec, workspace.Installation{}); !errors.Is(err, workspace.ErrUsage) {
				t.Errorf("error is %v, want a usage error", err)
			}
		})
	}
}

// TestPodsPassPodSecurity lets a real API server judge the pods at the levels
// that the profiles promise.
func TestPodsPassPodSecurity(t *testing.T) {
	c := client(t, nil)
	for _, tc := range []struct {
		level   string
		profile workspace.Profile
		want    bool
	}{
		{"restricted", workspace.Restricted, true},
		{"restricted", workspace.Standard, false},
		{"baseline", workspace.Standard, true},
		{"baseline", workspace.Restricted, true},
	} {
		t.Run(tc.level+" "+string(tc.profile), func(t *testing.T) {
			ns := namespace(t, c, map[string]string{"pod-security.kubernetes.io/enforce": tc.level})
			objects, err := build(t, workspace.Spec{Profile: tc.profile}, workspace.Installation{})
			if err != nil {
				t.Fatal(err)
			}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "api"}, Spec: objects.Deployment.Spec.Template.Spec}
			err = dryRunPod(t, c, ns, pod)
			if got := err == nil; got != tc.want {
				t.Errorf("admitted: %v, want %v: %v", got, tc.want, err)
			}
		})
	}
}

func dryRunPod(t *testing.T, c *kube.Client, ns string, pod *corev1.Pod) error {
	t.Helper()
	var err error
	eventually(t, "the namespace has its service account", func(ctx context.Context) bool {
		_, err = c.Interface().CoreV1().Pods(ns).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil || !strings.Contains(err.Error(), "serviceaccount")
	})
	return err
}

// What a workspace starts with is not an administrator's to replace: without
// it there is no sshd.
func TestAPatchMayNotReplaceWhatStartsTheWorkspace(t *testing.T) {
	for name, patch := range map[string]string{
		"command":    `{"spec":{"containers":[{"name":"workspace","command":["/sbin/init"]}]}}`,
		"host users": `{"spec":{"hostUsers":true}}`,
	} {
		spec := workspace.Spec{Profile: workspace.Full, Form: workspace.FormBaseline, PodTemplate: json.RawMessage(patch)}
		if _, err := build(t, spec, workspace.Installation{}); !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}
