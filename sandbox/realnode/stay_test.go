//go:build linux && realnode

package realnode_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// moves is how often a workspace is moved, by each way in turn.
const moves = 20

// Twenty moves: no host key warning, and the same home and system.
func TestAWorkspaceStaysTheSameThroughMoves(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full")
	b.far("w", `mkdir -p ~/data && for i in 1 2 3 4 5; do head -c 100000 /dev/urandom > ~/data/$i; done
		sudo cp -a ~/data /opt/data && sudo rm /etc/issue.net && echo c | sudo tee /etc/issue`)
	sums := func() string {
		return b.far("w", "cat ~/data/* | sha256sum; sudo sh -c 'cat /opt/data/* /etc/issue; ls /etc /opt' | sha256sum")
	}
	want := sums()
	ways := []func(){
		func() { b.remove("w") },
		func() { b.drain("w") },
		func() { b.berth("restart", "w", "--yes") },
		func() {
			b.berth("edit", "w", "--image", image.Next, "--yes")
			b.eventually(60*time.Second, "the next image", func() error { return says(b.tryFar("w", "cat /etc/berth-image-version"), "2") })
			between := b.pod("w").UID
			b.berth("edit", "w", "--image", image.Workspace, "--yes")
			b.newPod("w", between)
		},
	}
	for i := range moves {
		pod := b.pod("w").UID
		ways[i%len(ways)]()
		b.newPod("w", pod)
		if got := sums(); got != want {
			t.Fatalf("after move %d: %s, was %s", i+1, got, want)
		}
		r := b.tryFar("w", "true")
		if strings.Contains(r.stderr, "HOST IDENTIFICATION") || strings.Contains(r.stderr, "authenticity") {
			t.Fatalf("after move %d ssh warns: %v", i+1, r)
		}
	}
}

// newPod waits until a workspace has another pod, which is ready.
func (b *bed) newPod(name string, old types.UID) {
	b.t.Helper()
	b.eventually(90*time.Second, "a new pod of "+name, func() error {
		pods, err := b.api.CoreV1().Pods(b.namespace).List(b.t.Context(), metav1.ListOptions{LabelSelector: "berth.sh/workspace=" + name})
		if err != nil {
			return err
		}
		for _, p := range pods.Items {
			if p.UID != old && p.DeletionTimestamp == nil && ready(&p) {
				return nil
			}
		}
		return errors.New("no new pod is ready")
	})
	b.eventually(30*time.Second, "ssh to "+name, func() error { return says(b.tryFar(name, "echo in"), "in") })
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (b *bed) remove(name string) {
	b.t.Helper()
	if err := b.api.CoreV1().Pods(b.namespace).Delete(b.t.Context(), b.pod(name).Name, metav1.DeleteOptions{}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) evict(name string) error {
	return b.api.PolicyV1().Evictions(b.namespace).Evict(b.t.Context(), &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: b.pod(name).Name, Namespace: b.namespace},
	})
}

// drain is what an administrator does who must: eviction is refused, so the pod
// is deleted.
func (b *bed) drain(name string) {
	b.t.Helper()
	if err := b.evict(name); !apierrors.IsTooManyRequests(err) {
		b.t.Fatalf("evicting a running workspace: %v, want it refused", err)
	}
	b.remove(name)
}

// A drain waits for whoever works in a workspace, and for nobody else.
func TestEvictionIsRefusedWhileReadyAndAllowedWhenBroken(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	b.eventually(10*time.Second, "eviction is refused", func() error {
		if err := b.evict("w"); !apierrors.IsTooManyRequests(err) {
			return fmt.Errorf("evicting gives %w", err)
		}
		return nil
	})
	b.far("w", "true")
	// Broken: an image that cannot be had.
	b.berth("edit", "w", "--image", "berth.local/missing:1", "--yes")
	b.says("w", "berth.local/missing:1")
	b.eventually(30*time.Second, "eviction is allowed", func() error { return b.evict("w") })
	b.berth("create", "free", "--yes", "--image", image.SSHD, "--cpu", "100m", "--memory", "128Mi", "--disk", "1Gi", "--no-pdb", "--wait")
	if err := b.evict("free"); err != nil {
		t.Errorf("evicting a workspace without a budget: %v", err)
	}
}

// Draining the whole node, by kubectl's own command: it waits for a workspace
// that somebody may work in, the others go and come back elsewhere; here, where
// there is no other node, once the node takes pods again.
func TestADrainWaitsForWorkspaces(t *testing.T) {
	b := newBed(t, baseline) // not parallel: others need the node
	b.create("kept", image.SSHD)
	b.create("free", image.SSHD, "--no-pdb")
	b.far("free", "echo mine > file")
	free := b.pod("free").UID
	t.Cleanup(func() { b.mustCommand("kubectl", "uncordon", "real") })
	r := b.run("", "kubectl", "drain", "real", "--pod-selector", "berth.sh/workspace", "--timeout", "15s")
	if r.code == 0 {
		t.Errorf("the node was drained under a running workspace: %v", r)
	}
	b.contains(r.stderr, "violate the pod's disruption budget")
	b.far("kept", "true")
	b.contains(b.berth("why", "kept"), "drain waits")
	b.says("free", "unschedulable")
	b.berth("stop", "kept", "--wait", "--yes")
	b.mustCommand("kubectl", "drain", "real", "--pod-selector", "berth.sh/workspace", "--timeout", "15s")
	b.mustCommand("kubectl", "uncordon", "real")
	b.newPod("free", free)
	if got := b.far("free", "cat file"); got != "mine" {
		t.Errorf("after the drain the home holds %q", got)
	}
}

// Whoever is logged in reads why the session ends, before it does.
func TestSessionsAreWarnedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	session := b.session("w")
	session.waitFor("$")
	begun := time.Now()
	b.remove("w")
	session.waitFor("berth: workspace w is being stopped or moved")
	session.wait()
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the session took %v to end", took)
	}
}

// A stop with nobody logged in takes no grace.
func TestNobodyLoggedInNobodyWaits(t *testing.T) {
	t.Parallel()
	b := newBed(t, restricted)
	b.create("w", image.SSHD)
	begun := time.Now()
	b.berth("stop", "w", "--wait", "--yes")
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("stopping took %v; the grace is 30 s", took)
	}
}

// Bad logins of others do not keep anybody out: all come from one address.
func TestFailedLoginsDoNotLockAnybodyOut(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	b.mustCommand("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", b.home+"/wrong")
	for range 30 {
		r := b.run("", append(b.ssh("w", "-o", "IdentityFile="+b.home+"/wrong", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "PreferredAuthentications=publickey", "-l", "nobody"), "true")...)
		if r.code != 255 {
			t.Fatalf("a bad login: %v", r)
		}
	}
	begun := time.Now()
	b.far("w", "true")
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("the good login after 30 bad ones took %v", took)
	}
}
