//go:build linux && realnode

package realnode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/sandbox/realnode"
	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// What cannot run says why, and what to do.
func TestWhyOfWhatCannotRun(t *testing.T) {
	for name, tc := range map[string]struct {
		level, image string
		more, says   []string
	}{
		"image does not exist":     {baseline, "berth.local/nowhere:9", nil, []string{"Image berth.local/nowhere:9"}},
		"image without a shell":    {baseline, image.NoShell, nil, []string{"/bin/sh"}},
		"no sshd under restricted": {restricted, image.Plain, nil, []string{"this image has no sshd", "profile standard"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, tc.level)
			b.berth(append(createArgs("w", tc.image), tc.more...)...)
			b.says("w", tc.says...)
		})
	}
}

// A limit ends what takes too much; where the machine's kernel gives the node no
// memory controller, the end is injected, and the output says so.
func TestOutOfMemoryIsCalledThat(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD, "--memory", "64Mi")
	if !realnode.HasMemoryLimits() {
		t.Log("no memory controller here: the end by the kernel is injected, not real")
		b.injectOOM("w")
		return
	}
	t.Log("the node has a memory controller: the end by the kernel is real")
	// The first process is what ends a container when it is killed for memory.
	r := b.tryFar("w", `sudo sh -c 'head -c 200m /dev/zero | tail | wc -c'; echo after`)
	b.contains(r.stdout, "after")
	b.contains(r.stdout+r.stderr, "Killed")
	b.far("w", "true")
	b.injectOOM("w")
}

// injectOOM has the pod's status say that its container was killed for memory,
// until the kubelet says what is true.
func (b *bed) injectOOM(name string) {
	b.t.Helper()
	b.eventually(60*time.Second, "berth why names the memory", func() error {
		pod := b.pod(name)
		pod.Status.Conditions = slices.DeleteFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
		pod.Status.ContainerStatuses[0].Ready = false
		pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137, FinishedAt: metav1.Now()}}
		if _, err := b.api.CoreV1().Pods(b.namespace).UpdateStatus(b.t.Context(), pod, metav1.UpdateOptions{}); err != nil {
			return err
		}
		return says(b.tryBerth("why", name), "killed for memory: it has a limit of 64Mi")
	})
}

// Whoever replaces the command of a workspace's container is told what that
// does; an image's own entrypoint does nothing.
func TestAnotherCommandIsNamed(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	b.mustCommand("kubectl", "-n", b.namespace, "patch", "deployment", "w", "--type=json",
		"-p", `[{"op":"replace","path":"/spec/template/spec/containers/0/command","value":["sleep","1000"]}]`)
	b.says("w", "runs another command than berth's", "--show-managed-fields")
}

func TestSSHDKilledComesBack(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	b.tryFar("w", "sudo pkill -9 -o sshd")
	b.eventually(60*time.Second, "sshd is back", func() error {
		p := b.pod("w")
		if len(p.Status.ContainerStatuses) == 0 || p.Status.ContainerStatuses[0].RestartCount == 0 {
			return errors.New("the container has not been restarted")
		}
		return says(b.tryFar("w", "echo in"), "in")
	})
	last := b.pod("w").Status.ContainerStatuses[0].LastTerminationState.Terminated
	if last == nil || !strings.Contains(last.Message, "sshd ended with code") {
		t.Errorf("the end says %+v", last)
	}
}

// The kubelet's end is not the end of anybody's session.
func TestASessionSurvivesTheKubelet(t *testing.T) {
	b := newBed(t, baseline) // not parallel: others' pods wait for the kubelet
	b.create("w", image.SSHD)
	session := b.session("w")
	session.waitFor("$")
	kill(t, filepath.Join(node.bin, "realnode", "kubelet"))
	session.send("echo still-$((40+2))\n")
	session.waitFor("still-42")
	b.eventually(60*time.Second, "the kubelet is back", func() error { return says(b.tryBerth("logs", "w"), "sshd listens") })
	session.send("exit\n")
	session.wait()
}

func TestADeletedSecretHarmsOnlyTheNextPod(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	if err := b.api.CoreV1().Secrets(b.namespace).Delete(t.Context(), "w-ssh", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	b.far("w", "true")
	b.berth("restart", "w", "--yes")
	b.says("w", "w-ssh")
}

// A home that is full, foreign or read-only does not keep its owner out.
func TestBadHomesStillLetTheirOwnerIn(t *testing.T) {
	for name, tc := range map[string]struct {
		fill  string   // in the workspace
		mount []string // on the node, to its volume
		check string
	}{
		"full":           {"head -c 64m /dev/zero > ~/big; true", nil, "rm ~/big"},
		"anybody's":      {"sudo chown root:root ~ && sudo chmod 0777 ~", nil, "touch ~/x"},
		"wrong key mode": {"mkdir -p ~/.ssh && chmod 0777 ~/.ssh && touch ~/.ssh/authorized_keys && chmod 0666 ~/.ssh/authorized_keys", nil, "true"},
		"read-only":      {"true", []string{"mount", "-o", "remount,ro"}, "! touch ~/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, baseline)
			class := b.class(map[string]string{realnode.ParameterFS: "tmpfs", realnode.ParameterSize: "16m"})
			b.create("home", image.SSHD, "--storage-class", class)
			b.tryFar("home", tc.fill)
			if tc.mount != nil {
				b.mustCommand(append(append([]string{"nsenter", "--mount", "--target", inside(t)}, tc.mount...), b.folder("home"))...)
			}
			b.berth("restart", "home", "--wait", "--yes")
			b.far("home", tc.check)
		})
	}
}

// class adds a storage class of the node's for one test.
func (b *bed) class(parameters map[string]string) string {
	b.t.Helper()
	mode, reclaim := storagev1.VolumeBindingWaitForFirstConsumer, corev1.PersistentVolumeReclaimDelete
	class := &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "t-"}, Provisioner: realnode.Provisioner,
		Parameters: parameters, VolumeBindingMode: &mode, ReclaimPolicy: &reclaim,
	}
	made, err := b.api.StorageV1().StorageClasses().Create(b.t.Context(), class, metav1.CreateOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if err := b.api.StorageV1().StorageClasses().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			b.t.Error(err)
		}
	})
	return made.Name
}

// A claim that a running workspace uses is not given to anybody else.
func TestAClaimInUseIsNamed(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	other := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: b.namespace},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "c", Image: image.SSHD, Command: []string{"sleep", "1000"}, VolumeMounts: []corev1.VolumeMount{{Name: "v", MountPath: "/v"}}}},
			Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "w-home"},
			}}},
		},
	}
	b.berth("stop", "w", "--wait", "--yes")
	if _, err := b.api.CoreV1().Pods(b.namespace).Create(t.Context(), other, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	b.eventually(60*time.Second, "the other pod runs", func() error {
		p, err := b.api.CoreV1().Pods(b.namespace).Get(t.Context(), "other", metav1.GetOptions{})
		if err == nil && p.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("it is %s", p.Status.Phase)
		}
		return err
	})
	b.berth("start", "w")
	b.says("w", "ReadWriteOncePod")
}

// New keys reach a running workspace.
func TestNewKeysReachARunningWorkspace(t *testing.T) {
	t.Parallel()
	b := newBed(t, baseline)
	b.create("w", image.SSHD)
	b.mustCommand("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", b.home+"/other")
	public, err := os.ReadFile(b.home + "/other.pub")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := b.api.CoreV1().Secrets(b.namespace).Get(t.Context(), "w-ssh", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	secret.Data["authorized_keys"] = append(secret.Data["authorized_keys"], public...)
	if _, err := b.api.CoreV1().Secrets(b.namespace).Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	login := append(b.ssh("w", "-o", "IdentityFile="+b.home+"/other", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"), "echo in")
	b.eventually(90*time.Second, "the new key lets in", func() error { return says(b.run("", login...), "in") })
}

// says returns an error unless a command printed something.
func says(r result, word string) error {
	if strings.Contains(r.stdout, word) {
		return nil
	}
	return fmt.Errorf("no %q: %v", word, r)
}

// kill ends the process that runs a program, at once.
func kill(t *testing.T, program string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != program {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("%s does not run", program)
}

// session is an ssh with a terminal, as a person has it.
type session struct {
	t    testing.TB
	cmd  *exec.Cmd
	tty  *os.File
	done chan struct{}

	mu   sync.Mutex // guards text
	text strings.Builder
}

func (b *bed) session(name string) *session {
	b.t.Helper()
	return b.open(b.ssh(name))
}

// open opens a session by a command.
func (b *bed) open(args []string) *session {
	b.t.Helper()
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Env = append(b.env, "TERM=xterm")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	s := &session{t: b.t, cmd: cmd, tty: tty, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		buffer := make([]byte, 4096)
		for {
			n, err := tty.Read(buffer)
			s.mu.Lock()
			s.text.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	b.t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-s.done
		_ = tty.Close()
	})
	return s
}

func (s *session) send(keys string) {
	s.t.Helper()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) seen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *session) waitFor(words string) {
	s.t.Helper()
	deadline := time.After(40 * time.Second)
	for !strings.Contains(s.seen(), words) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			s.t.Fatalf("the terminal never showed %q:\n%s", words, s.seen())
		}
	}
}

// wait waits until ssh has ended.
func (s *session) wait() {
	s.t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = s.cmd.Wait() // how it ended is seen on the terminal
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(40 * time.Second):
		s.t.Fatalf("ssh does not end:\n%s", s.seen())
	}
}
