package proc

import (
	"bufio"
	"context"
	"errors"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// start runs a shell that answers a line once it is ready.
func start(t *testing.T, script string) ID {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // as above
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	id, err := Of(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEndKillsWhatDoesNotListen(t *testing.T) {
	id := start(t, `trap "" TERM; echo ready; while :; do sleep 0.1; done`)
	if !id.Alive() || id.RSS() == 0 {
		t.Fatalf("%+v does not run", id)
	}
	if err := id.End(t.Context(), 50*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if id.Alive() || id.RSS() != 0 {
		t.Errorf("%+v still runs", id)
	}
}

func TestAnotherProcessWithTheSameIDIsNotTouched(t *testing.T) {
	id := start(t, `echo ready; exec sleep 60`)
	other := ID{PID: id.PID, Start: id.Start + "0"}
	if other.Alive() {
		t.Error("a process with another start time is taken for the recorded one")
	}
	if err := other.Signal(syscall.SIGKILL); !errors.Is(err, ErrGone) {
		t.Errorf("signalling it: %v, want %v", err, ErrGone)
	}
	if err := other.End(t.Context(), time.Second); err != nil {
		t.Error(err)
	}
	if !id.Alive() {
		t.Error("the process is gone")
	}
}

func TestSpawnerStartsInAGroupOfItsOwn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := NewSpawner()
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	id, err := s.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	group, err := syscall.Getpgid(id.PID)
	if err != nil || group != id.PID {
		t.Errorf("the group is %d, %v; want %d", group, err, id.PID)
	}
	if err := id.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	cancel()
	<-done
	if _, err := s.Start(exec.CommandContext(t.Context(), "true")); err == nil {
		t.Error("a stopped spawner starts processes")
	}
}
