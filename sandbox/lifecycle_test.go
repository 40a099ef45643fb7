package main

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// TestLifecycle is one sandbox through everything that can happen to it; the
// steps build on each other, because each start costs seconds.
func TestLifecycle(t *testing.T) {
	s := newSandbox(t)
	steps := []struct {
		name string
		run  func(*testing.T, *sandbox)
	}{
		{"two ups at once end well, with one supervisor", twoUps},
		{"up again says so", upAgain},
		{"credentials are this account's only", privateFiles},
		{"everything listens on the loopback only", loopbackOnly},
		{"the cluster is as an administrator would leave it", prepared},
		{"a killed API server comes back", killedAPIServer},
		{"up heals a killed supervisor, with the same data", killedSupervisor},
		{"down cleans up when everything was killed", killedAll},
		{"down leaves no process and keeps the data", downAndUp},
	}
	for _, step := range steps {
		ok := t.Run(step.name, func(t *testing.T) {
			outer := s.t
			s.t = t
			defer func() { s.t = outer }()
			step.run(t, s)
		})
		if !ok {
			return
		}
	}
}

func twoUps(t *testing.T, s *sandbox) {
	var both sync.WaitGroup
	results := make([]result, 2)
	for i := range results {
		both.Go(func() { results[i] = s.run("up") })
	}
	both.Wait()
	for _, r := range results {
		if r.code != 0 || !strings.Contains(r.stdout, "not isolated") || !strings.Contains(r.stdout, s.dir+"/kubeconfig") {
			t.Errorf("up: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
		}
	}
	supervisors := 0
	for _, line := range s.processes() {
		if strings.Contains(line, " run --state ") {
			supervisors++
		}
	}
	if supervisors != 1 {
		t.Errorf("%d supervisors run, want 1:\n%s", supervisors, strings.Join(s.processes(), "\n"))
	}
}

func upAgain(t *testing.T, s *sandbox) {
	before := s.status(exitOK)
	r := s.must("up")
	if !strings.Contains(r.stdout, "already") || r.stderr != "" {
		t.Errorf("up: %q, progress %q; want it to say that it is up already", r.stdout, r.stderr)
	}
	if after := s.status(exitOK); after.SupervisorPID != before.SupervisorPID {
		t.Errorf("the supervisor changed from %d to %d", before.SupervisorPID, after.SupervisorPID)
	}
	if r := s.run("up", "--api-port", "1"); r.code != exitConflict || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("up with another port: exit code %d, %q; want %d and a hint", r.code, r.stderr, exitConflict)
	}
}

func privateFiles(t *testing.T, s *sandbox) {
	for path, want := range map[string]os.FileMode{
		s.dir: 0o700, s.dir + "/kubeconfig": 0o600, s.dir + "/pki/ca.key": 0o600, s.dir + "/etcd": 0o700,
	} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", path, got, want)
		}
	}
}

// client speaks to the sandbox as its administrator.
func (s *sandbox) client() kubernetes.Interface {
	s.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", s.dir+"/kubeconfig")
	if err != nil {
		s.t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

func prepared(t *testing.T, s *sandbox) {
	ctx := context.Background()
	client := s.client()
	m, err := client.CoreV1().ConfigMaps("berth-gateway").Get(ctx, "berth", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if status := s.status(exitOK); !strings.Contains(m.Data["berth.yaml"], "address: "+status.Gateway) {
		t.Errorf("the ConfigMap does not name the gateway %s:\n%s", status.Gateway, m.Data["berth.yaml"])
	}
	class, err := client.StorageV1().StorageClasses().Get(ctx, "sandbox", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if class.Annotations["storageclass.kubernetes.io/is-default-class"] != "true" {
		t.Error("the storage class is not the default one")
	}
}

func killedAPIServer(t *testing.T, s *sandbox) {
	before := s.status(exitOK)
	old := before.component(t, "kube-apiserver")
	kill(t, old.PID)
	eventually(t, "a new API server", func() bool {
		r := s.run("status")
		return r.code == exitOK && s.status(exitOK).component(t, "kube-apiserver").PID != old.PID
	})
	after := s.status(exitOK)
	if got := after.component(t, "kube-apiserver").Restarts; got != 1 {
		t.Errorf("the API server was restarted %d times, want 1", got)
	}
	if after.SupervisorPID != before.SupervisorPID || after.API != before.API {
		t.Errorf("the sandbox changed: %+v, before %+v", after, before)
	}
	if _, err := s.client().CoreV1().Namespaces().Get(context.Background(), "demo", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func killedSupervisor(t *testing.T, s *sandbox) {
	ctx := context.Background()
	maps := s.client().CoreV1().ConfigMaps("demo")
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	before := s.status(exitOK)
	kill(t, before.SupervisorPID)
	s.status(exitStopped)
	s.must("up")
	after := s.status(exitOK)
	if after.API != before.API || after.Gateway != before.Gateway {
		t.Errorf("the addresses changed: %+v, before %+v", after, before)
	}
	// The client of before, with the credentials of before, must go on working.
	if _, err := maps.Get(ctx, "kept", metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
}

func killedAll(t *testing.T, s *sandbox) {
	kill(t, s.status(exitOK).pids()...)
	s.must("down")
	s.wantNoProcess()
	s.status(exitStopped)
}

func downAndUp(t *testing.T, s *sandbox) {
	s.must("up")
	if r := s.must("down"); !strings.Contains(r.stdout, "is down") {
		t.Errorf("down says %q", r.stdout)
	}
	s.wantNoProcess()
	if status := s.status(exitStopped); status.State != "stopped" {
		t.Errorf("the state is %q, want stopped", status.State)
	}
	if r := s.must("down"); !strings.Contains(r.stdout, "not up") {
		t.Errorf("down again says %q", r.stdout)
	}
	if _, err := os.Stat(s.dir + "/etcd/member"); err != nil {
		t.Error("down did not keep the data: ", err)
	}
}
