package node_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"
)

// TestNode runs one sandbox for everything that is tested against a real API
// server.
func TestNode(t *testing.T) {
	c := startCluster(t)
	t.Run("workspaces", func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, *workspace){
			"runs":           testRuns,
			"streams":        testStreams,
			"restarts":       testRestarts,
			"keys":           testKeys,
			"missing-secret": testMissingSecret,
			"claim":          testClaim,
			"crash":          testCrash,
			"oom":            testOOM,
			"pull-error":     testPullError,
			"slow":           testSlow,
			"unready":        testUnready,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, c.newWorkspace(t, name))
			})
		}
	})
	t.Run("sandbox restart", func(t *testing.T) { testSandboxRestart(t, c) })
}

func testRuns(t *testing.T, w *workspace) {
	w.create(t, "")
	pod := w.waitPod(t, "ready", isReady)
	if pod.Status.Phase != corev1.PodRunning || !strings.HasPrefix(pod.Status.PodIP, "10.88.") {
		t.Errorf("phase %s, address %s", pod.Status.Phase, pod.Status.PodIP)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status != corev1.ConditionTrue || condition.Reason != "" || condition.Message != "" {
			t.Errorf("condition of a ready pod: %+v", condition)
		}
	}
	if c := main(pod); c.RestartCount != 0 || c.State.Running == nil || c.ImageID == "" || c.ContainerID == "" {
		t.Errorf("container status: %+v", c)
	}
	for _, reason := range []string{"Pulled", "Created", "Started"} {
		w.waitEvent(t, reason, "")
	}
	out := w.mustSSH(t, `echo "$PLAIN|$EXPANDED|$POD|$PWD"; test "$PWD" = "$HOME"`)
	if want := "from the spec|from the spec!|" + pod.Name + "|"; !strings.HasPrefix(out, want) {
		t.Errorf("environment %q, want %q", out, want)
	}
	sidecar, err := w.client.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "sidecar"}).DoRaw(t.Context())
	if err != nil || !strings.Contains(string(sidecar), "not run") {
		t.Errorf("sidecar's log %q, %v", sidecar, err)
	}
}

func testStreams(t *testing.T, w *workspace) {
	w.create(t, "")
	pod := w.waitPod(t, "ready", isReady)
	t.Run("logs", func(t *testing.T) { testLogs(t, w, pod) })
	t.Run("exec", func(t *testing.T) { testExec(t, w, pod) })
	t.Run("port-forward", func(t *testing.T) { testPortForward(t, w, pod) })
}

func testLogs(t *testing.T, w *workspace, pod *corev1.Pod) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	pods := w.client.CoreV1().Pods(namespace)
	stream, err := pods.GetLogs(pod.Name, &corev1.PodLogOptions{Container: "workspace", Follow: true, Timestamps: true}).Stream(ctx)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stream)
	if !lines.Scan() || !strings.Contains(lines.Text(), "Z Server listening on") {
		t.Fatalf("first line %q, %v", lines.Text(), lines.Err())
	}
	w.mustSSH(t, "true")
	for !strings.Contains(lines.Text(), "Accepted publickey for dev") {
		if !lines.Scan() {
			t.Fatalf("the log ended with %q, %v", lines.Text(), lines.Err())
		}
	}
	one, bytes := int64(1), int64(6)
	tests := map[string]struct {
		options corev1.PodLogOptions
		want    string
		lines   int
	}{
		"tail":  {corev1.PodLogOptions{TailLines: &one}, "", 1},
		"limit": {corev1.PodLogOptions{LimitBytes: &bytes}, "Server", 0},
		"all":   {corev1.PodLogOptions{}, "Server listening on", -1},
	}
	for name, tt := range tests {
		tt.options.Container = "workspace"
		got, err := pods.GetLogs(pod.Name, &tt.options).DoRaw(t.Context())
		if err != nil || !strings.HasPrefix(string(got), tt.want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if n := strings.Count(string(got), "\n"); tt.lines >= 0 && n != tt.lines {
			t.Errorf("%s: %d lines, want %d", name, n, tt.lines)
		}
	}
	_, err = pods.GetLogs(pod.Name, &corev1.PodLogOptions{Container: "workspace", Previous: true}).Stream(t.Context())
	if err == nil || !strings.Contains(err.Error(), "previous terminated container") {
		t.Errorf("log of a previous container that never was: %v", err)
	}
}

func testExec(t *testing.T, w *workspace, pod *corev1.Pod) {
	tests := map[string]struct {
		command      []string
		stdin        string
		tty          bool
		stdout       string
		stderr       string
		code         int
		size         *remotecommand.TerminalSize
		viaWebSocket bool
	}{
		"streams":    {command: []string{"sh", "-c", "cat; echo err >&2; exit 3"}, stdin: "in", stdout: "in", stderr: "err\n", code: 3},
		"websocket":  {command: []string{"sh", "-c", "cat; echo $POD"}, stdin: "x", stdout: "x" + pod.Name + "\n", viaWebSocket: true},
		"terminal":   {command: []string{"sh", "-c", "stty size; tty >/dev/null"}, tty: true, size: &remotecommand.TerminalSize{Width: 133, Height: 44}, stdout: "44 133\r\n"},
		"not found":  {command: []string{"no-such-program"}, code: 127},
		"background": {command: []string{"sh", "-c", "sleep 300 & echo done"}, stdout: "done\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url := w.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod.Name).SubResource("exec").
				VersionedParams(&corev1.PodExecOptions{
					Container: "workspace", Command: tt.command, Stdin: tt.stdin != "", Stdout: true, Stderr: !tt.tty, TTY: tt.tty,
				}, scheme.ParameterCodec).URL()
			executor, err := remotecommand.NewSPDYExecutor(w.config, http.MethodPost, url)
			if tt.viaWebSocket {
				executor, err = remotecommand.NewWebSocketExecutor(w.config, http.MethodGet, url.String())
			}
			if err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			options := remotecommand.StreamOptions{Stdout: &stdout, Tty: tt.tty}
			if !tt.tty {
				options.Stderr = &stderr
			}
			if tt.stdin != "" {
				options.Stdin = strings.NewReader(tt.stdin)
			}
			if tt.size != nil {
				sizes := make(sizeQueue, 1)
				sizes <- tt.size
				options.TerminalSizeQueue = sizes
			}
			err = executor.StreamWithContext(t.Context(), options)
			var exit utilexec.CodeExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if exit.Code != tt.code || stdout.String() != tt.stdout || stderr.String() != tt.stderr {
				t.Errorf("exit %d, stdout %q, stderr %q", exit.Code, &stdout, &stderr)
			}
		})
	}
}

// sizeQueue hands out terminal sizes.
type sizeQueue chan *remotecommand.TerminalSize

func (q sizeQueue) Next() *remotecommand.TerminalSize { return <-q }

func testPortForward(t *testing.T, w *workspace, pod *corev1.Pod) {
	echo, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = echo.Close() }() // ends the goroutine below
	go func() {
		conn, err := echo.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(conn, conn) // the client checks what comes back
		_ = conn.Close()
	}()
	echoPort := echo.Addr().(*net.TCPAddr).Port
	url := w.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(w.config)
	if err != nil {
		t.Fatal(err)
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url),
		[]string{"0:2222", "0:" + strconv.Itoa(echoPort)}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	<-ready
	ports, err := forwarder.GetPorts()
	if err != nil {
		t.Fatal(err)
	}
	dial := func(port uint16) net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	conn := dial(ports[0].Local)
	banner, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.HasPrefix(banner, "SSH-2.0-") {
		t.Errorf("banner %q, %v", banner, err)
	}
	_ = conn.Close() // done with it
	conn = dial(ports[1].Local)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		_, _ = conn.Write(sent) // what is missing shows in what comes back
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(sent), err)
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Errorf("forwarding ended with %v", err)
	}
}

func testRestarts(t *testing.T, w *workspace) {
	w.create(t, "")
	first := w.waitPod(t, "ready", isReady)
	w.mustSSH(t, "echo kept > file; setsid sleep 1000 >/dev/null 2>&1 & echo $! > sleeper")
	// The server is killed: the container restarts in the same pod, and what it
	// left behind is ended.
	out := w.mustSSH(t, "echo $PPID")
	pid, err := strconv.Atoi(strings.Fields(out)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	again := w.waitPod(t, "restarted", func(p *corev1.Pod) bool { return main(p).RestartCount == 1 && isReady(p) })
	last := main(again).LastTerminationState.Terminated
	if again.UID != first.UID || last == nil || last.ExitCode != 137 || last.Reason != "Error" {
		t.Errorf("after a kill: %+v", main(again))
	}
	if runtime.GOOS == "linux" { // elsewhere nobody can tell whose process it was
		sleeper := strings.TrimSpace(w.mustSSH(t, "cat sleeper"))
		if _, err := w.ssh(t.Context(), w.key, "grep -q sleep /proc/"+sleeper+"/cmdline"); err == nil {
			t.Errorf("process %s outlived its container", sleeper)
		}
	}
	// The pod is deleted: another takes its place with the same home.
	if err := w.client.CoreV1().Pods(namespace).Delete(t.Context(), first.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	second := w.waitPod(t, "replaced", func(p *corev1.Pod) bool { return p.UID != first.UID && isReady(p) })
	if second.Status.PodIP == first.Status.PodIP {
		t.Errorf("the address %s was used again at once", second.Status.PodIP)
	}
	if got := w.mustSSH(t, "cat file"); got != "kept\n" {
		t.Errorf("home lost its file: %q", got)
	}
	w.waitEvent(t, "Killing", "Stopping container workspace")
	w.scale(t, 0)
	eventually(t, "stopped", func() error {
		if _, err := w.connect(t.Context(), w.authority()); err == nil || !strings.Contains(err.Error(), "503") {
			return fmt.Errorf("a stopped workspace answered: %w", err)
		}
		pods, err := w.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "berth.sh/workspace=" + w.name})
		if err != nil || len(pods.Items) > 0 {
			return fmt.Errorf("%d pods are left, %w", len(pods.Items), err)
		}
		return nil
	})
	eventually(t, "cleaned up", func() error {
		if _, err := os.Stat(filepath.Join(w.state, "node", "pods", string(second.UID))); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the pod's directory is still there: %w", err)
		}
		return nil
	})
}

// scale starts or stops the workspace.
func (w *workspace) scale(t *testing.T, replicas int32) {
	t.Helper()
	eventually(t, "scaling", func() error {
		scale, err := w.client.AppsV1().Deployments(namespace).GetScale(t.Context(), w.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		scale.Spec.Replicas = replicas
		_, err = w.client.AppsV1().Deployments(namespace).UpdateScale(t.Context(), w.name, scale, metav1.UpdateOptions{})
		return err
	})
}

func testKeys(t *testing.T, w *workspace) {
	w.create(t, "")
	w.waitPod(t, "ready", isReady)
	other, _ := newKey(t)
	if _, err := w.ssh(t.Context(), other, "true"); err == nil {
		t.Error("a key that is not listed was admitted")
	}
	eventually(t, "changing the keys", func() error {
		secret, err := w.client.CoreV1().Secrets(namespace).Get(t.Context(), w.name+"-ssh", metav1.GetOptions{})
		if err != nil {
			return err
		}
		secret.Data["authorized_keys"] = ssh.MarshalAuthorizedKey(other.PublicKey())
		_, err = w.client.CoreV1().Secrets(namespace).Update(t.Context(), secret, metav1.UpdateOptions{})
		return err
	})
	eventually(t, "the new key", func() error {
		_, err := w.ssh(t.Context(), other, "true")
		return err
	})
	if _, err := w.ssh(t.Context(), w.key, "true"); err == nil {
		t.Error("a key that was removed is still admitted")
	}
}

func testMissingSecret(t *testing.T, w *workspace) {
	w.createClaim(t)
	w.createService(t)
	w.createDeployment(t, "")
	w.waitEvent(t, "FailedMount", `MountVolume.SetUp failed for volume "ssh" : secret "missing-secret-ssh" not found`)
	pod := w.waitPod(t, "waiting", func(p *corev1.Pod) bool { return main(p).State.Waiting != nil })
	if reason := main(pod).State.Waiting.Reason; reason != "ContainerCreating" || pod.Status.Phase != corev1.PodPending {
		t.Errorf("%s, %s", pod.Status.Phase, reason)
	}
	_, err := w.client.CoreV1().Pods(namespace).GetLogs(pod.Name, &corev1.PodLogOptions{Container: "workspace"}).Stream(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is waiting to start: ContainerCreating") {
		t.Errorf("log of a container that has not started: %v", err)
	}
	w.createSecret(t)
	w.waitPod(t, "ready", isReady)
}

func testClaim(t *testing.T, w *workspace) {
	w.createClaim(t)
	claims := w.client.CoreV1().PersistentVolumeClaims(namespace)
	var claim *corev1.PersistentVolumeClaim
	bound := func(size string) func() error {
		return func() (err error) {
			claim, err = claims.Get(t.Context(), "claim-home", metav1.GetOptions{})
			if err != nil {
				return err
			}
			if have := claim.Status.Capacity[corev1.ResourceStorage]; claim.Status.Phase != corev1.ClaimBound || have.String() != size {
				return fmt.Errorf("%s with %s", claim.Status.Phase, have.String())
			}
			return nil
		}
	}
	eventually(t, "bound", bound("1Gi"))
	w.waitEvent(t, "ProvisioningSucceeded", claim.Spec.VolumeName)
	folder := filepath.Join(w.state, "volumes", string(claim.UID))
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder: %v, %v", info, err)
	}
	eventually(t, "asking for more", func() error {
		claim, err := claims.Get(t.Context(), "claim-home", metav1.GetOptions{})
		if err != nil {
			return err
		}
		claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("3Gi")
		_, err = claims.Update(t.Context(), claim, metav1.UpdateOptions{})
		return err
	})
	eventually(t, "grown", bound("3Gi"))
	// Removal must not follow a link out of the folder, nor stop at what a tool
	// made read-only.
	outside := t.TempDir()
	if err := errors.Join(
		os.WriteFile(filepath.Join(outside, "precious"), nil, 0o600),
		os.Symlink(outside, filepath.Join(folder, "link")),
		os.MkdirAll(filepath.Join(folder, "cache", "module"), 0o700),
		os.Chmod(filepath.Join(folder, "cache"), 0o500),
	); err != nil {
		t.Fatal(err)
	}
	if err := claims.Delete(t.Context(), claim.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "reclaimed", func() error {
		if _, err := os.Lstat(folder); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("the folder is still there: %w", err)
		}
		_, err := w.client.CoreV1().PersistentVolumes().Get(t.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
		if err == nil {
			return errors.New("the volume is still there")
		}
		return nil
	})
	if _, err := os.Stat(filepath.Join(outside, "precious")); err != nil {
		t.Errorf("a file outside the folder: %v", err)
	}
}

func testSandboxRestart(t *testing.T, c *cluster) {
	w := c.newWorkspace(t, "reboot")
	w.create(t, "")
	first := w.waitPod(t, "ready", isReady)
	w.mustSSH(t, "echo kept > file")
	run(t, exec.CommandContext(t.Context(), c.binary, "down", "--state", c.state))
	c.up(t)
	again := w.waitPod(t, "ready again", func(p *corev1.Pod) bool { return isReady(p) && main(p).RestartCount == 1 })
	if again.UID != first.UID || again.Status.PodIP != first.Status.PodIP {
		t.Errorf("the pod did not survive: %s at %s", again.Name, again.Status.PodIP)
	}
	if got := w.mustSSH(t, "cat file"); got != "kept\n" {
		t.Errorf("home lost its file: %q", got)
	}
}
