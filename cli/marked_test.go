package cli

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestSeveralWorkspacesAreDeleted marks workspaces of a real cluster, one of
// them out of sight, and deletes them together; one is replaced behind the
// question's back and left alone.
func TestSeveralWorkspacesAreDeleted(t *testing.T) {
	b := newBed(t, "several")
	for _, name := range []string{"api", "docs", "web-1", "web-2", "web-3"} {
		b.want(exitOK, nil, "create", name)
	}
	s := openScreen(t, 110, 30, b.env, b.berth)
	s.waitFor("api", "docs", "web-1", "web-2", "web-3")
	s.keys("Space") // api
	s.waitFor("1 marked")
	s.keys("/")
	s.text("web")
	s.waitFor("3/5")
	s.keys("Enter", "*")
	s.waitFor("4 marked, 1 hidden by the filter")
	s.keys("d")
	s.waitFor("delete 4 workspaces?", "1 of them hidden by the filter", "type delete 4 to delete")

	b.want(exitOK, nil, "delete", "web-3", "--yes", "--wait")
	b.want(exitOK, nil, "purge", "web-3", "--yes", "--wait")
	b.want(exitOK, nil, "create", "web-3")
	s.waitFor("1 changed or gone meanwhile")

	s.text("delete 4")
	s.keys("Enter")
	s.waitFor("deleted 3 workspaces")
	s.keys("Escape")
	s.waitFor("docs", "web-3")
	s.waitGone("web-1", "web-2", " api ")
	list, err := b.api.AppsV1().Deployments(b.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range list.Items {
		names = append(names, d.Name)
	}
	if got := strings.Join(names, " "); got != "docs web-3" {
		t.Errorf("left are %s, want docs and the new web-3", got)
	}

	s.keys("D")
	s.waitFor("DELETED", "api", "web-1", "web-2")
	s.keys("*", "R")
	s.answer("restore 3 workspaces?", "y")
	s.waitFor("restored 3 workspaces")
	s.keys("D")
	s.waitFor("api", "docs", "web-1", "web-2", "web-3")
	s.insist("q", "ended with 0")
}
