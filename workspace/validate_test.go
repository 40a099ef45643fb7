package workspace_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestValidateAccepts(t *testing.T) {
	if err := fullSpec().Validate(); err != nil {
		t.Errorf("every field set well: %v", err)
	}
	if err := (workspace.Spec{}).Validate(); err != nil {
		t.Errorf("nothing set: %v", err)
	}
	for _, image := range []string{"ubuntu", "ubuntu:24.04", "registry.example.com:5000/a/b_c@sha256:" + strings.Repeat("0", 64), "ghcr.io/Acme/x+y"} {
		if err := (workspace.Spec{Image: image}).Validate(); err != nil {
			t.Errorf("image %q is refused: %v", image, err)
		}
	}
	for _, q := range []string{"1", "500m", "0.5", "1.5"} {
		if err := (workspace.Spec{CPU: q}).Validate(); err != nil {
			t.Errorf("cpu %q is refused: %v", q, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, c := range []struct {
		field string // must be named in the error
		spec  workspace.Spec
	}{
		{"disk", workspace.Spec{Disk: "-1"}},
		{"disk", workspace.Spec{Disk: "0"}},
		{"disk", workspace.Spec{Disk: "0.0Gi"}},
		{"disk", workspace.Spec{Disk: "10 Gi"}},
		{"disk", workspace.Spec{Disk: "10GB"}},
		{"disk", workspace.Spec{Disk: "500m"}},
		{"disk", workspace.Spec{Disk: "ten"}},
		{"memory", workspace.Spec{Memory: "4Gi\n"}},
		{"memory", workspace.Spec{Memory: "1e3"}},
		{"cpu", workspace.Spec{CPU: "+2"}},
		{"cpu", workspace.Spec{CPU: "٢"}},
		{"gpu", workspace.Spec{GPU: -1}},
		{"gpu", workspace.Spec{GPU: 65}},
		{"service port", workspace.Spec{ServicePort: 70000}},
		{"service port", workspace.Spec{ServicePort: -1}},
		{"image", workspace.Spec{Image: "ubuntu 24.04"}},
		{"image", workspace.Spec{Image: "ubuntu\n24.04"}},
		{"image", workspace.Spec{Image: "ubuntu:24.04\n"}},
		{"image", workspace.Spec{Image: "-v"}},
		{"image", workspace.Spec{Image: "a;reboot"}},
		{"image", workspace.Spec{Image: "\x1b[31mred"}},
		{"image", workspace.Spec{Image: strings.Repeat("a", 600)}},
		{"profile", workspace.Spec{Profile: "root"}},
		{"login name", workspace.Spec{User: "Dev"}},
		{"environment variable", workspace.Spec{Env: map[string]string{"1A": "x"}}},
		{"environment variable", workspace.Spec{Env: map[string]string{"": "x"}}},
		{"environment variable", workspace.Spec{Env: map[string]string{"A=B": "x"}}},
		{"environment variable", workspace.Spec{Env: map[string]string{"A": "x\ny"}}},
		{"environment variable", workspace.Spec{Env: map[string]string{"A": "x\x00"}}},
		{"env-from secret", workspace.Spec{EnvFrom: []string{"No_Secret"}}},
		{"image pull secret", workspace.Spec{ImagePullSecrets: []string{"a/b"}}},
		{"storage class", workspace.Spec{StorageClass: "Fast"}},
		{"service account", workspace.Spec{ServiceAccount: "a b"}},
		{"template", workspace.Spec{Template: "../x"}},
		{"label", workspace.Spec{Labels: map[string]string{"a b": "c"}}},
		{"label", workspace.Spec{Labels: map[string]string{"a": "c d"}}},
		{"label", workspace.Spec{Labels: map[string]string{workspace.LabelWorkspace: "other"}}},
		{"label", workspace.Spec{Labels: map[string]string{workspace.LabelManagedBy: "me"}}},
		{"label", workspace.Spec{Labels: map[string]string{strings.Repeat("a", 64): ""}}},
		{"node selector", workspace.Spec{NodeSelector: map[string]string{"": "c"}}},
		{"toleration", workspace.Spec{Tolerations: []workspace.Toleration{{Key: "a", Effect: "Never"}}}},
		{"toleration", workspace.Spec{Tolerations: []workspace.Toleration{{Key: "a b"}}}},
		{"pod template", workspace.Spec{PodTemplate: []byte("{")}},
	} {
		err := c.spec.Validate()
		if !errors.Is(err, workspace.ErrUsage) {
			t.Errorf("%+v: %v, want a usage error", c.spec, err)
			continue
		}
		if !strings.Contains(err.Error(), c.field) {
			t.Errorf("the error does not name %q: %v", c.field, err)
		}
		if strings.ContainsAny(err.Error(), "\n\x1b\x00") {
			t.Errorf("the error carries raw input: %q", err)
		}
	}
}
