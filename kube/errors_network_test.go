package kube

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestOnlyAWriteMayHaveHappened(t *testing.T) {
	for op, want := range map[string]bool{"Get": false, "Put": true, "Post": true, "Patch": true, "Delete": true} {
		err := Explain(&url.Error{Op: op, URL: "https://api.example.com:6443/api/v1/pods", Err: context.DeadlineExceeded}, "")
		hint := workspace.HintOf(err)
		if !strings.Contains(err.Error(), "api.example.com:6443 did not answer in time") || !strings.Contains(hint, "VPN") {
			t.Errorf("%s: %v, hint %q", op, err, hint)
		}
		if got := strings.Contains(hint, "a write may have happened"); got != want {
			t.Errorf("%s: hint %q", op, hint)
		}
	}
}
