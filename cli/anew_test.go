package cli

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A home whose Secret is gone comes back with a new identity, but only after
// somebody was asked.
func TestRestoreAsksBeforeItMakesANewIdentity(t *testing.T) {
	t.Parallel()
	b := newBed(t, "cli-anew")
	b.want(exitOK, nil, "create", "api", "--wait", "--cpu", "100m", "--memory", "64Mi", "--disk", "1Gi")
	b.want(exitOK, nil, "ssh", "api", "--", "echo kept > kept.txt")
	b.want(exitOK, nil, "delete", "api", "--yes", "--wait")
	if err := b.api.CoreV1().Secrets(b.namespace).Delete(t.Context(), "api-ssh", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	b.want(exitUsage, []string{"host key is gone", "hint: answer it with --yes"}, "restore", "api")
	b.want(exitOK, nil, "restore", "api", "--yes", "--wait")
	if got := b.want(exitOK, nil, "ssh", "api", "--", "cat", "kept.txt"); got.stdout != "kept\n" {
		t.Errorf("the home says %q", got.stdout)
	}
}
