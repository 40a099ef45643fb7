package cli

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// annotationLimit is what the API server lets all annotations of an object have
// together.
const annotationLimit = 256 << 10

// TestAnnotationsAtTheLimit has the objects of a workspace full of somebody
// else's annotations: it is listed, explained and looked at as any other, and
// what there is no room for is refused with a reason.
func TestAnnotationsAtTheLimit(t *testing.T) {
	b := newBed(t, "annotations")
	b.want(exitOK, nil, "create", "api", "--wait")
	fill := func(m *metav1.ObjectMeta) {
		used := len("example.com/big")
		for key, value := range m.Annotations {
			used += len(key) + len(value)
		}
		if m.Annotations == nil {
			m.Annotations = map[string]string{}
		}
		m.Annotations["example.com/big"] = strings.Repeat("0123456789abcde\n", annotationLimit/16)[:annotationLimit-used]
	}
	deployments := b.api.AppsV1().Deployments(b.namespace)
	d, err := deployments.Get(t.Context(), "api", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fill(&d.ObjectMeta)
	if _, err := deployments.Update(t.Context(), d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	claims := b.api.CoreV1().PersistentVolumeClaims(b.namespace)
	c, err := claims.Get(t.Context(), "api-home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fill(&c.ObjectMeta)
	if _, err := claims.Update(t.Context(), c, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}

	if got := b.want(exitOK, nil, "ls"); !strings.Contains(got.stdout, "api") {
		t.Errorf("it is not listed: %s", got.commandAndOutput)
	}
	b.want(exitOK, nil, "why", "api")
	for _, args := range [][]string{
		{"edit", "api", "--label", "tier=of-a-length-that-there-is-no-room-for"}, {"stop", "api", "--wait"}, {"start", "api", "--wait"}, {"restart", "api", "--wait"},
		{"delete", "api", "--yes", "--wait"}, {"restore", "api", "--wait"},
	} {
		got := b.run(args...)
		t.Logf("%d: %.600s", got.code, got.commandAndOutput)
	}

	s := openScreen(t, 100, 30, b.env, b.berth)
	s.waitFor("api", "● running")
	s.keys("Y")
	s.waitFor("annotations:", "example.com/big")
	s.keys("End")
	s.waitFor("status:")
	s.keys("Escape")
	s.waitFor("? help")
	s.keys("q")
	s.waitFor("ended with 0")
}
