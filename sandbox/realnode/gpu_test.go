//go:build linux && realnode

package realnode_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// The node has one GPU, as far as Kubernetes counts.
func TestGPUsAreAskedForAndMissed(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	patch := []byte(`[{"op":"add","path":"/status/capacity/nvidia.com~1gpu","value":"1"}]`)
	if _, err := b.api.CoreV1().Nodes().Patch(t.Context(), "real", types.JSONPatchType, patch, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	b.eventually(30*time.Second, "the node offers a GPU", func() error {
		r := b.run("", "kubectl", "get", "node", "real", "-o", "jsonpath=gpu={.status.allocatable.nvidia\\.com/gpu}")
		return says(r, "gpu=1")
	})
	b.create("one", image.SSHD, "--gpu", "1")
	b.far("one", "true")
	b.berth(append(createArgs("two", image.SSHD), "--gpu", "2", "--node-selector", "kubernetes.io/hostname=real", "--toleration", "gpu:NoSchedule")...)
	b.says("two", "nvidia.com/gpu", "2 × nvidia.com/gpu")
	b.contains(b.berth("ls", "-o", "wide"), "GPU")
	pod := b.pod("two")
	if pod.Spec.NodeSelector["kubernetes.io/hostname"] != "real" {
		t.Errorf("the node selector is %v", pod.Spec.NodeSelector)
	}
	limit := pod.Spec.Containers[0].Resources.Limits["nvidia.com/gpu"]
	if limit.Value() != 2 {
		t.Errorf("the pod asks for %s GPUs", limit.String())
	}
}
