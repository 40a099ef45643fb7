package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TestWrongHostKeyIsRefused gives the server another key than the one that was
// pinned at create.
func TestWrongHostKeyIsRefused(t *testing.T) {
	b := newBed(t, "wrong-key")
	b.want(exitOK, nil, "create", "api", "--wait")

	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := json.Marshal(map[string]any{"data": map[string][]byte{
		"ssh_host_ed25519_key": pem.EncodeToMemory(block), "ssh_host_ed25519_key.pub": ssh.MarshalAuthorizedKey(key),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.api.CoreV1().Secrets(b.namespace).Patch(t.Context(), "api-ssh", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	b.want(exitOK, nil, "restart", "api", "--wait")
	got := b.want(exitSSH, []string{"wrong host key", ssh.FingerprintSHA256(key), "hint: "}, "ssh", "api", "--", "true")
	if n := strings.Count(got.stderr, "SHA256:"); n != 2 {
		t.Errorf("%d fingerprints, want the pinned one and the presented one:\n%s", n, got.stderr)
	}
}
