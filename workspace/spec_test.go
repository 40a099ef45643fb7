package workspace_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-sh/berth/workspace"
)

func fullSpec() workspace.Spec {
	return workspace.Spec{
		Version: 1, Template: "gpu", Image: "ubuntu:24.04", CPU: "2", Memory: "4Gi", Disk: "10Gi", GPU: 1, Profile: workspace.Standard, User: "dev",
		Env: map[string]string{"A": "b"}, EnvFrom: []string{"tokens"}, Labels: map[string]string{"team": "a"}, ImagePullSecrets: []string{"pull"},
		StorageClass: "fast", ServiceAccount: "robot", NodeSelector: map[string]string{"disk": "ssd"},
		Tolerations: []workspace.Toleration{{Key: "gpu", Value: "yes", Effect: "NoSchedule"}}, NoPDB: true, ServicePort: 80,
		PodTemplate: json.RawMessage(`{"spec":{}}`),
	}
}

func TestSpecSurvivesKeeping(t *testing.T) {
	kept, err := fullSpec().Keep()
	if err != nil {
		t.Fatal(err)
	}
	got, err := workspace.ParseSpec(kept)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullSpec(), got); diff != "" {
		t.Errorf("kept and read again (-want +got):\n%s", diff)
	}
	// Every known field is in the specs above; one that specKeys forgets would
	// come back as unknown.
	if len(got.Unknown) != 0 {
		t.Errorf("known fields were taken for unknown: %v", got.Unknown)
	}
}

func TestSpecKeepsUnknownFields(t *testing.T) {
	s, err := workspace.ParseSpec(`{"version":1,"image":"a:1","idleStop":{"after":"1h"},"cpus":[1,2]}`)
	if err != nil {
		t.Fatal(err)
	}
	s.Image = "a:2"
	kept, err := s.Keep()
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(kept), &fields); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"version": 1.0, "image": "a:2", "idleStop": map[string]any{"after": "1h"}, "cpus": []any{1.0, 2.0}}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSpecUnknownNeverReplacesKnown(t *testing.T) {
	s := workspace.Spec{Image: "a:1", Unknown: map[string]json.RawMessage{"image": json.RawMessage(`"evil"`), "later": json.RawMessage(`1`)}}
	kept, err := s.Keep()
	if err != nil {
		t.Fatal(err)
	}
	got, err := workspace.ParseSpec(kept)
	if err != nil || got.Image != "a:1" {
		t.Errorf("image %q, %v", got.Image, err)
	}
	if len(s.Unknown) != 2 {
		t.Error("keeping changed the spec itself")
	}
}

func TestParseSpecRefuses(t *testing.T) {
	if _, err := workspace.ParseSpec(`{"version":2,"image":"a:1"}`); !errors.Is(err, workspace.ErrNewerSpec) {
		t.Errorf("version 2: %v, want ErrNewerSpec", err)
	}
	for name, data := range map[string]string{
		"empty": "", "garbage": "{", "wrong kind": `[]`, "wrong field": `{"version":1,"gpu":"many"}`,
		"too large": `{"version":1,"image":"` + strings.Repeat("a", workspace.MaxSpec) + `"}`,
	} {
		if _, err := workspace.ParseSpec(data); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestParseSpecRefusesANewerSpecThatItCannotRead(t *testing.T) {
	if _, err := workspace.ParseSpec(`{"version":3,"image":{"name":"a","digest":"b"}}`); !errors.Is(err, workspace.ErrNewerSpec) {
		t.Errorf("a later form of a field: %v, want ErrNewerSpec", err)
	}
}

func TestKeepRefusesWhatIsTooLarge(t *testing.T) {
	s := workspace.Spec{Env: map[string]string{"A": strings.Repeat("a", workspace.MaxSpec)}}
	if _, err := s.Keep(); !errors.Is(err, workspace.ErrUsage) || workspace.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, workspace.HintOf(err))
	}
}

func TestComplete(t *testing.T) {
	inst := workspace.Installation{
		DefaultImage: "acme/dev:1", Gateway: workspace.Gateway{ServicePort: 80},
		Templates: []workspace.Template{{Name: "gpu", Image: "cuda:12", CPU: "8", GPU: 1, Profile: workspace.Full, PodTemplate: json.RawMessage(`{}`)}},
	}
	for _, c := range []struct {
		name string
		in   workspace.Spec
		inst workspace.Installation
		want workspace.Spec
	}{
		{"nothing asked for", workspace.Spec{}, workspace.Installation{}, workspace.Spec{
			Version: 1, Image: workspace.DefaultImage, CPU: "2", Memory: "4Gi", Disk: "10Gi", User: "dev", ServicePort: 22,
		}},
		{"installation's defaults", workspace.Spec{}, inst, workspace.Spec{
			Version: 1, Image: "acme/dev:1", CPU: "2", Memory: "4Gi", Disk: "10Gi", User: "dev", ServicePort: 80,
		}},
		{"template, then flags win", workspace.Spec{Template: "gpu", CPU: "1"}, inst, workspace.Spec{
			Version: 1, Template: "gpu", Image: "cuda:12", CPU: "1", Memory: "4Gi", Disk: "10Gi", GPU: 1, Profile: workspace.Full, User: "dev", ServicePort: 80,
			PodTemplate: json.RawMessage(`{}`),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.in.Complete(c.inst)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	_, err := workspace.Spec{Template: "gpuu"}.Complete(inst)
	if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(workspace.HintOf(err), "gpu") {
		t.Errorf("unknown template: %v, hint %q", err, workspace.HintOf(err))
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add(`{"version":1,"image":"a:1","later":{"x":[1]}}`)
	f.Add(`{"version":2}`)
	f.Add(`{"Version":1,"IMAGE":"x","image":null}`)
	f.Fuzz(func(t *testing.T, data string) {
		s, err := workspace.ParseSpec(data)
		if err != nil {
			return
		}
		kept, err := s.Keep()
		if errors.Is(err, workspace.ErrUsage) {
			return
		}
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if _, err := workspace.ParseSpec(kept); err != nil {
			t.Errorf("written but not read: %v\n%s", err, kept)
		}
	})
}
