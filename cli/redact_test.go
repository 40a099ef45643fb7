package cli

import (
	"strings"
	"testing"
)

func TestRedactTakesSecretsOut(t *testing.T) {
	t.Parallel()
	r := newRedactor("/home/ann", "hunter2-known", "first line of a key\nsecond line of a key\n", "abc")
	for _, secret := range []string{
		"hunter2-known", "second line of a key",
		"Authorization: Bearer abcdef0123456789", "bearer abcdef0123456789",
		"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl",
		"http://me:s3cr3t@proxy.corp:3128", "postgres://me:s3cr3t@db/x",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\ncut short",
		"password=swordfish", `"password": "sword fish"`, "client-key-data: LS0tLS1CRUdJTg==", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI",
		"GITHUB_TOKEN: ghp_123456", "token = 'x y'",
	} {
		got := r.text("before " + secret + " after\n")
		for _, part := range []string{"hunter2", "second line", "abcdef0123456789", "eyJ", "s3cr3t", "b3Blb", "cut short", "swordfish", "sword fish", "LS0t", "wJal", "ghp_", "x y"} {
			if strings.Contains(secret, part) && strings.Contains(got, part) {
				t.Errorf("%q is still in %q", part, got)
			}
		}
		if !strings.HasPrefix(got, "before ") || !strings.Contains(got, redacted) {
			t.Errorf("%q became %q", secret, got)
		}
	}
	const plain = "✓ api  Kubernetes v1.37.2 answers (3 ms)\npasswordauthentication no\nabc\nhost-key SHA256:abcdef\n"
	if got := r.text(plain); got != plain {
		t.Errorf("%q became %q", plain, got)
	}
	if got := r.text("/home/ann/.kube/config"); got != "~/.kube/config" {
		t.Errorf("home: %q", got)
	}
}
