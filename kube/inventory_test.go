package kube_test

import (
	"maps"
	"testing"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// TestObjectsTellMissingFromForbidden reads one workspace as three people: a
// missing permission must never look like a missing object, and getting a
// Secret is enough to see that it is there.
func TestObjectsTellMissingFromForbidden(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	req := unscheduled(t, ns)
	create(t, admin, req)
	const no = "no permission"
	cases := []struct {
		name    string
		ref     workspace.Ref
		allowed []permission
		want    map[string]string
	}{
		{"nobody", req.Ref, nil, map[string]string{
			"Deployment": no, "ReplicaSet": no, "Pod": no, "PersistentVolumeClaim": no, "Service": no,
			"ConfigMap": no, "PodDisruptionBudget": no, "Secret": no, "Route": "shared",
		}},
		{"reader", req.Ref, []permission{{"", "services", "get"}, {"", "secrets", "get"}}, map[string]string{
			"Deployment": no, "ReplicaSet": no, "Pod": no, "PersistentVolumeClaim": no, "Service": "present",
			"ConfigMap": no, "PodDisruptionBudget": no, "Secret": "present", "Route": "shared",
		}},
		{"stranger", workspace.Ref{Namespace: ns, Name: "other"}, []permission{{"", "services", "get"}, {"", "secrets", "get"}}, map[string]string{
			"Deployment": no, "ReplicaSet": no, "Pod": no, "PersistentVolumeClaim": no, "Service": "missing",
			"ConfigMap": no, "PodDisruptionBudget": no, "Secret": "missing", "Route": "shared",
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := as(t, admin, ns, tc.name+"-of-"+ns, tc.allowed)
			objects, err := c.Objects(t.Context(), tc.ref)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range objects {
				got[o.Kind] = o.State
				if o.Age < 0 || o.Age > time.Hour {
					t.Errorf("%s has age %s", o.Kind, o.Age)
				}
			}
			if !maps.Equal(got, tc.want) {
				t.Errorf("states are %v, want %v", got, tc.want)
			}
		})
	}
}
