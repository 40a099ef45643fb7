package kube

import (
	"reflect"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// evil is in every string field of what follows.
const evil = "x\x1b]52;c;YQ==\ay\u202e\u009b31mz"

// poison puts evil into every string that v holds.
func poison(v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(evil)
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			if f.CanSet() {
				poison(f, depth+1)
			}
		}
	case reflect.Slice:
		if v.Len() == 0 && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			poison(v.Index(i), depth+1)
		}
	case reflect.Pointer:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		poison(v.Elem(), depth+1)
	case reflect.Map:
		if v.CanSet() && v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(evil).Convert(v.Type().Key()), reflect.ValueOf(evil).Convert(v.Type().Elem()))
		}
	}
}

// checkSafe reports every string below v that Safe or SafeText would change.
func checkSafe(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); workspace.SafeText(s) != s {
			t.Errorf("%s holds %q", path, s)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			checkSafe(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkSafe(t, path+"[]", v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			checkSafe(t, path+"{}", k)
			checkSafe(t, path+"{}", v.MapIndex(k))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			checkSafe(t, path, v.Elem())
		}
	}
}

func TestObjectsArriveSafe(t *testing.T) {
	var d appsv1.Deployment
	var rs appsv1.ReplicaSet
	var p corev1.Pod
	var c corev1.PersistentVolumeClaim
	var e corev1.Event
	for _, obj := range []any{&d, &rs, &p, &c, &e} {
		poison(reflect.ValueOf(obj).Elem(), 0)
	}
	kept := `{"version":1,"image":"x\u001b]0;y\u0007","env":{"A":"\u009b1m"},"tolerations":[{"key":"\u202e"}]}`
	d.Spec.Template.Spec.Containers[0].Name = ContainerName
	d.Annotations = map[string]string{workspace.AnnotationSpec: kept, workspace.AnnotationHostKey: evil}
	c.Annotations = d.Annotations
	seen := seePod(&p)
	if seen.observed.Name == "" || len(seen.observed.Containers) == 0 {
		t.Fatal("the pod was not read")
	}
	checkSafe(t, "deployment", reflect.ValueOf(new(specs).seeDeployment(&d)))
	checkSafe(t, "replicaset", reflect.ValueOf(seeReplicaSet(&rs)))
	checkSafe(t, "pod", reflect.ValueOf(seen))
	checkSafe(t, "claim", reflect.ValueOf(new(specs).seeClaim(&c)))
	checkSafe(t, "event", reflect.ValueOf(seeEvent(&e)))
	checkSafe(t, "log", reflect.ValueOf(logLine("2026-03-04T12:00:00Z "+evil+"\r\n", false)))
}

func TestDeletedAtIsWhenTerminationBegan(t *testing.T) {
	end, grace := metav1.NewTime(time.Date(2026, 3, 4, 12, 0, 30, 0, time.UTC)), int64(30)
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &end, DeletionGracePeriodSeconds: &grace}}
	if got, want := seePod(&p).observed.DeletedAt, end.Add(-30*time.Second); !got.Equal(want) {
		t.Errorf("termination began %s, want %s", got, want)
	}
}

func TestBelongs(t *testing.T) {
	ref := workspace.Ref{Namespace: "team-a", Name: "api"}
	for _, c := range []struct {
		kind, name string
		want       bool
	}{
		{"Pod", "api-7d9f8b6c5-x2x7q", true},
		{"Pod", "api-2-7d9f8b6c5-x2x7q", false},
		{"Pod", "api-web", false},
		{"Pod", "apix-7d9f8b6c5-x2x7q", false},
		{"Pod", "ap", false},
		{"ReplicaSet", "api-7d9f8b6c5", true},
		{"ReplicaSet", "api-bcdfgh-7d9f8", false},
		{"Deployment", "api", true},
		{"Deployment", "api-bcdfgh", false},
		{"PersistentVolumeClaim", "api-home", true},
		{"Secret", "api-ssh", true},
		{"ConfigMap", "api-boot", true},
		{"Service", "api-home", false},
	} {
		if got := belongs(ref, c.kind, c.name); got != c.want {
			t.Errorf("%s/%s belongs: %v, want %v", c.kind, c.name, got, c.want)
		}
	}
}

func TestGateLetsOneAttemptThrough(t *testing.T) {
	var g gate
	if wait, _ := g.turn(); wait != 0 {
		t.Fatalf("an open gate asks to wait %s", wait)
	}
	g.fail(nil)
	wait, open := g.turn()
	if wait <= 0 || wait > gateFirst {
		t.Fatalf("after a failure the gate asks to wait %s", wait)
	}
	for range 10 {
		g.fail(nil)
	}
	if wait, _ := g.turn(); wait > gateMost {
		t.Errorf("after many failures the gate asks to wait %s, at most %s is right", wait, gateMost)
	}
	g.next = time.Now().Add(-time.Second)
	if wait, _ := g.turn(); wait != 0 {
		t.Errorf("when it is time, the first asks to wait %s", wait)
	}
	if wait, _ := g.turn(); wait <= 0 {
		t.Error("the second went with the first")
	}
	g.ok()
	select {
	case <-open:
	default:
		t.Error("those who wait were not let through")
	}
}
