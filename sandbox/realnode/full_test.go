//go:build linux && realnode

package realnode_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/sandbox/realnode"
	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// levels are those under which profile full runs, in its two forms.
var levels = []string{baseline, privileged}

// change changes the system in the ways that a layer has to keep: a package, a
// new file, a changed one and one that is gone.
const change = `set -e
sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq jq >/dev/null
echo new | sudo tee /usr/local/bin/new >/dev/null
echo changed | sudo tee /etc/issue >/dev/null
sudo rm /etc/issue.net
`

// system says what is left of change.
const system = `jq --version; cat /usr/local/bin/new /etc/issue; ls /etc/issue.net 2>/dev/null; true`

const changed = "jq-1.6\nnew\nchanged"

func TestFullKeepsTheSystem(t *testing.T) {
	for _, level := range levels {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, level)
			b.create("w", image.Workspace, "--profile", "full")
			b.far("w", change)
			for _, move := range []string{"restart", "stop", "start", "delete", "restore"} {
				b.berth(move, "w", "--wait", "--yes")
				if move == "stop" || move == "delete" {
					continue
				}
				if got := b.far("w", system); got != changed {
					t.Errorf("after %s the system is %q", move, got)
				}
			}
			// kubectl exec lands where ssh lands.
			if got := b.exec("w", "sh", "/etc/berth/boot/enter.sh", "cat", "/usr/local/bin/new"); got != "new" {
				t.Errorf("exec sees %q", got)
			}
		})
	}
}

func TestResetRootKeepsTheHome(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full")
	b.far("w", "echo mine > ~/file; echo new | sudo tee /usr/local/bin/new /var/lib/docker/kept")
	if r := b.tryBerth("reset-root", "w"); r.code == 0 {
		t.Errorf("nobody was asked: %v", r)
	}
	pod := b.pod("w").UID
	b.berth("reset-root", "w", "--yes")
	b.newPod("w", pod)
	if got := b.far("w", "cat ~/file; ls /usr/local/bin; sudo cat /var/lib/docker/kept"); got != "mine\nnew" {
		t.Errorf("after the reset there are %q", got)
	}
	b.eventually(20*time.Second, "the old layer goes", func() error {
		return oneEntry(filepath.Join(b.folder("w"), "root"), "*-*")
	})
	b.create("s", image.SSHD, "--profile", "standard")
	r := b.tryBerth("reset-root", "s", "--yes")
	b.contains(r.stderr, "profile standard", "berth restart s")
	if r.code != 2 {
		t.Errorf("reset-root of another profile: %v", r)
	}
}

// Each image has its own layer: going back finds it again.
func TestAnotherImageStartsAfreshAndTheWayBackIsOpen(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.Workspace, "--profile", "full")
	b.far("w", "echo mine > ~/file; echo new | sudo tee /usr/local/bin/new")
	for _, step := range []struct{ image, want string }{
		{image.Next, "2\nmine"},
		{image.Workspace, "1\nmine\nnew"},
	} {
		pod := b.pod("w").UID
		b.contains(b.berth("edit", "w", "--image", step.image, "--yes"), "the system starts from the new image")
		b.newPod("w", pod)
		if got := b.far("w", "cat /etc/berth-image-version ~/file; cat /usr/local/bin/new 2>/dev/null; true"); got != step.want {
			t.Errorf("with %s there are %q, want %q", step.image, got, step.want)
		}
	}
}

func TestFullUsesDocker(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full", "--memory", "1Gi")
	b.dockerUp("w")
	b.far("w", inner)
	if got := b.far("w", "docker run --rm inner sh -c 'echo out of docker'"); got != "out of docker" {
		t.Errorf("docker run prints %q", got)
	}
	b.far("w", "docker run -d --name web -p 8080:80 inner sh -c 'while :; do printf \"HTTP/1.0 200 OK\\r\\n\\r\\nserved\" | busybox nc -l -p 80; done'")
	b.eventually(20*time.Second, "a published port", func() error {
		return says(b.tryFar("w", "curl -s --max-time 2 http://127.0.0.1:8080"), "served")
	})
	b.far("w", "mkdir b && printf 'FROM inner\\nRUN [\"sh\",\"-c\",\"echo built > /file\"]\\n' > b/Dockerfile && docker build -q -t built b")
	if got := b.far("w", "docker run --rm built sh -c 'read x < /file; echo $x'"); got != "built" {
		t.Errorf("the built image holds %q", got)
	}
	// What Docker has stored is still there after a restart.
	b.berth("restart", "w", "--wait", "--yes")
	b.dockerUp("w")
	b.contains(b.far("w", "docker images"), "built", "inner")
}

func TestFullUnderBaselineBuildsImages(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.Workspace, "--profile", "full", "--memory", "1Gi")
	b.dockerUp("w")
	b.far("w", inner)
	if got := b.far("w", "docker run --rm --network none inner sh -c 'echo out of docker'"); got != "out of docker" {
		t.Errorf("docker run prints %q", got)
	}
	b.far("w", "mkdir b && printf 'FROM inner\\nRUN [\"sh\",\"-c\",\"echo built > /file\"]\\n' > b/Dockerfile && DOCKER_BUILDKIT=1 docker build --network host -t built b")
	if got := b.far("w", "docker run --rm --network none built sh -c 'read x < /file; echo $x'"); got != "built" {
		t.Errorf("the built image holds %q", got)
	}
}

// The image that `berth image export` describes builds, with Docker inside a
// workspace, and has what it promises.
func TestTheExportedImageBuilds(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("builder", image.Workspace, "--profile", "full", "--cpu", "1", "--memory", "2Gi", "--disk", "4Gi")
	b.berth("image", "export", filepath.Join(b.home, "exported"))
	b.mustCommand("scp", "-q", "-r", "-F", filepath.Join(b.home, ".ssh", "berth", "config"), filepath.Join(b.home, "exported"), b.alias("builder")+":exported")
	b.dockerUp("builder")
	b.far("builder", "curl -sf http://"+realnode.Gateway+":18090/plain.tar | docker load -q")
	b.far("builder", "docker build -q --build-arg BASE="+image.Plain+" -t made exported")
	b.contains(b.far("builder", "docker run --rm made sh -c 'for p in sshd sudo git rsync tmux dockerd crun; do command -v $p; done'"),
		"/usr/sbin/sshd", "/usr/bin/sudo", "/usr/bin/git", "/usr/bin/rsync", "/usr/bin/tmux", "/usr/sbin/dockerd", "/usr/bin/crun")
}

// inner makes an image with nothing but a static shell.
const inner = `mkdir -p r/bin && cp /usr/local/share/inner/sh r/bin/sh && cp r/bin/sh r/bin/busybox && tar -C r -c . | docker import - inner >/dev/null`

func (b *bed) dockerUp(name string) {
	b.t.Helper()
	b.eventually(30*time.Second, "docker answers", func() error {
		return says(b.tryFar(name, "docker info --format '{{.Driver}}' 2>&1 || sudo tail -3 /var/log/dockerd.log"), "overlay2")
	})
}

// One volume has one writer: the kubelet keeps another pod off a
// ReadWriteOncePod claim, and the boot script's lock what it lets through.
func TestASecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full")
	second := b.pod("w").DeepCopy()
	second.ObjectMeta = metav1.ObjectMeta{Name: "second", Namespace: b.namespace}
	second.Spec.NodeName, second.Status = "real", corev1.PodStatus{}
	if _, err := b.api.CoreV1().Pods(b.namespace).Create(t.Context(), second, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	b.eventually(60*time.Second, "the second pod is kept off", func() error {
		return says(b.run("", "kubectl", "-n", b.namespace, "events", "--for", "pod/second"), "already in use by another pod")
	})
	b.far("w", "touch ~/still-works")
	if err := b.api.CoreV1().Pods(b.namespace).Delete(t.Context(), "second", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	b.berth("stop", "w", "--wait", "--yes")
	lock := exec.CommandContext(t.Context(), "flock", "-o", filepath.Join(b.folder("w"), "root", "lock"), "sleep", "600")
	if err := lock.Start(); err != nil {
		t.Fatal(err)
	}
	b.berth("start", "w")
	b.says("w", "another container is using this volume")
	_ = lock.Process.Kill() // it runs: nothing has ended it
	_ = lock.Wait()         // killed
	b.eventually(60*time.Second, "the lock is free", func() error { return says(b.tryFar("w", "echo in"), "in") })
}

// What root of a user namespace has made is not trusted elsewhere.
func TestASetuidProgramKeepsOtherProfilesOut(t *testing.T) {
	t.Parallel()
	b := newBed(t, privileged)
	b.create("w", image.Workspace, "--profile", "full")
	b.far("w", "cp /bin/true ~/tool && sudo chown root ~/tool && sudo chmod 4755 ~/tool")
	out := b.berth("edit", "w", "--profile", "standard", "--yes")
	b.contains(out, "only with profile full")
	b.says("w", "set-user-id", "tool")
	b.berth("edit", "w", "--profile", "full", "--yes")
	b.eventually(60*time.Second, "full again", func() error { return says(b.tryFar("w", "sudo rm -f ~/tool && echo gone"), "gone") })
	b.berth("edit", "w", "--profile", "standard", "--yes")
	b.eventually(60*time.Second, "standard", func() error {
		return says(b.tryFar("w", "ls -A ~ | grep -c tool; cat /etc/motd"), "Packages and everything else")
	})
}

func TestNamespacesRefuseProfilesBeforeAnythingIsWritten(t *testing.T) {
	t.Parallel()
	b := newBed(t, restricted)
	for _, profile := range []string{"standard", "full"} {
		r := b.tryBerth(append(createArgs("w", image.SSHD), "--profile", profile)...)
		if r.code != 4 {
			t.Errorf("profile %s under restricted: %v", profile, r)
		}
		b.contains(r.stderr, "Pod Security level restricted", "--profile restricted")
	}
	claims, err := b.api.CoreV1().PersistentVolumeClaims(b.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(claims.Items) != 0 {
		t.Errorf("there are claims %v, %v", claims.Items, err)
	}
}

// A stock image gets sshd from its own package manager.
func TestAStockImageBecomesAWorkspace(t *testing.T) {
	for _, stock := range []string{image.Plain, image.DNF, image.Zypper} {
		t.Run(stock, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, baseline)
			b.create("w", stock)
			waysInWithoutRsync(b, "w")
			greeting := b.run("exit\n", b.ssh("w", "-tt")...)
			b.contains(greeting.stdout, "Your home persists", "profile full keeps them")
		})
	}
}

func waysInWithoutRsync(b *bed, name string) {
	b.t.Helper()
	if got := b.far(name, "id -u; sudo -n id -u"); got != "1000\n0" {
		b.t.Errorf("the user is %q", got)
	}
	editorBootstrap(b, name)
}

// exec runs a command in a workspace's container, through the kubelet.
func (b *bed) exec(name string, command ...string) string {
	b.t.Helper()
	args := append([]string{"kubectl", "-n", b.namespace, "exec", b.pod(name).Name, "-c", "workspace", "--"}, command...)
	return strings.TrimSpace(b.mustCommand(args...))
}

func oneEntry(dir, pattern string) error {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) == 1 {
		return err
	}
	return &os.PathError{Op: "expecting one entry in", Path: strings.Join(found, " "), Err: os.ErrExist}
}
