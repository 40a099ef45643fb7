package cli

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// annotationLimit is what the API server lets all annotations of an object have
// together.
const annotationLimit = 256 << 10

// TestAnnotationsAtTheLimit has the objects of a workspace full of somebody
// else's annotations: it is listed, explained, looked at and stopped as any
// other. What there is no room for is refused with a reason and changes nothing.
func TestAnnotationsAtTheLimit(t *testing.T) {
	b := newBed(t, "annotations")
	b.want(exitOK, nil, "create", "api", "--wait")
	fill := func(m *metav1.ObjectMeta, room int) {
		used := room + len("example.com/big")
		for key, value := range m.Annotations {
			used += len(key) + len(value)
		}
		if m.Annotations == nil {
			m.Annotations = map[string]string{}
		}
		m.Annotations["example.com/big"] = strings.Repeat("0123456789abcde\n", annotationLimit/16)[:annotationLimit-used]
	}
	deployments := b.api.AppsV1().Deployments(b.namespace)
	again := func(write func() error) { // controllers write meanwhile
		if err := retry.RetryOnConflict(retry.DefaultBackoff, write); err != nil {
			t.Fatal(err)
		}
	}
	again(func() error {
		d, err := deployments.Get(t.Context(), "api", metav1.GetOptions{})
		if err != nil {
			return err
		}
		fill(&d.ObjectMeta, 1<<10) // the controller gives a ReplicaSet the same and its own
		_, err = deployments.Update(t.Context(), d, metav1.UpdateOptions{FieldManager: "somebody"})
		return err
	})
	claims := b.api.CoreV1().PersistentVolumeClaims(b.namespace)
	again(func() error {
		c, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
		if err != nil {
			return err
		}
		fill(&c.ObjectMeta, 0)
		_, err = claims.Update(t.Context(), c, metav1.UpdateOptions{FieldManager: "somebody"})
		return err
	})

	if got := b.want(exitOK, nil, "ls"); !strings.Contains(got.stdout, "api") {
		t.Errorf("it is not listed: %s", got.commandAndOutput)
	}
	b.want(exitOK, nil, "why", "api")
	b.want(exitOK, nil, "stop", "api", "--wait")
	b.want(exitOK, nil, "start", "api", "--wait")
	b.want(exitUsage, []string{"may not be more than 262144 bytes"}, "delete", "api", "--yes") // the claim keeps its settings in an annotation
	b.want(exitOK, nil, "why", "api")

	s := openScreen(t, 100, 30, b.env, b.berth)
	s.waitFor("api", "● running")
	s.keys("Y")
	s.waitFor("annotations:", "example.com/big")
	s.keys("End")
	s.waitFor("status:")
	s.keys("q")
	s.waitFor("ended with 0")
}
