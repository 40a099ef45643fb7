package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

func TestOverlay(t *testing.T) {
	base := func() workspace.Spec {
		return workspace.Spec{
			Version: 1, Image: "ubuntu:24.04", Memory: "4Gi", GPU: 1, NoPDB: true,
			Env: map[string]string{"A": "1", "B": "2"}, Tolerations: []workspace.Toleration{{Key: "gpu"}},
			Unknown: map[string]json.RawMessage{"later": json.RawMessage(`"kept"`)},
		}
	}
	for _, test := range []struct {
		name, file string
		change     func(*workspace.Spec)
	}{
		{"nothing named changes nothing", "{}", func(*workspace.Spec) {}},
		{"an empty file changes nothing", "", func(*workspace.Spec) {}},
		{"one field", "memory: 8Gi", func(s *workspace.Spec) { s.Memory = "8Gi" }},
		{"json", `{"memory": "8Gi"}`, func(s *workspace.Spec) { s.Memory = "8Gi" }},
		{"zero values count when they are named", "gpu: 0\nnoPDB: false\n", func(s *workspace.Spec) { s.GPU, s.NoPDB = 0, false }},
		{"null empties", "env: null", func(s *workspace.Spec) { s.Env = nil }},
		{"a mapping is replaced whole", "env: {C: x}", func(s *workspace.Spec) { s.Env = map[string]string{"C": "x"} }},
		{"a list is replaced whole", "tolerations: [{key: other}]", func(s *workspace.Spec) { s.Tolerations = []workspace.Toleration{{Key: "other"}} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, got := base(), base()
			test.change(&want)
			if err := overlay(&got, []byte(test.file)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOverlayRefuses(t *testing.T) {
	for _, test := range []struct{ name, file, says string }{
		{"unknown field", "colour: red", `field "colour" is not known`},
		{"field twice", "cpu: 1\ncpu: 2", `"cpu" already set`},
		{"another type", "gpu: many", "gpu"},
		{"a list", "- image", "mapping"},
		{"a later version", "version: 99", "newer berth"},
		{"no yaml", "{ image: [", "yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := workspace.Spec{Version: 1, Image: "ubuntu:24.04"}
			got := before
			err := overlay(&got, []byte(test.file))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one that says %q", err, test.says)
			}
			if diff := cmp.Diff(before, got); diff != "" {
				t.Errorf("a refused file has changed the spec:\n%s", diff)
			}
		})
	}
}
