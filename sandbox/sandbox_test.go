package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the binary under test: $BERTH_SANDBOX, or one built for the run.
func program(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("BERTH_SANDBOX"); path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return abs
	}
	return buildOnce(t)
}

// built holds the binary that buildOnce made.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "berth-sandbox-test-")
	if err != nil {
		return "", err
	}
	for name, pkg := range map[string]string{"berth-sandbox": ".", "berth-sandbox-pod": "./workload"} {
		cmd := exec.CommandContext(context.Background(), "go", "build", "-o", filepath.Join(dir, name), pkg)
		if out, err := cmd.CombinedOutput(); err != nil {
			return dir, errors.New(err.Error() + ": " + string(out))
		}
	}
	return dir, nil
})

func buildOnce(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal("building the program: ", err)
	}
	return filepath.Join(dir, "berth-sandbox")
}

func TestMain(m *testing.M) {
	code := m.Run()
	if os.Getenv("BERTH_SANDBOX") == "" && code >= 0 {
		if dir, err := built(); err == nil {
			_ = os.RemoveAll(dir) // a temporary folder
		}
	}
	os.Exit(code)
}

// sandbox is one sandbox of a test, with its data in a folder of the test's.
type sandbox struct {
	t       *testing.T
	program string
	dir     string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{t: t, program: program(t), dir: filepath.Join(t.TempDir(), "sandbox")}
	t.Cleanup(func() {
		if r := s.run("down", "--purge"); r.code != 0 {
			t.Errorf("down --purge: exit code %d: %s", r.code, r.stderr)
		}
		s.wantNoProcess()
	})
	return s
}

// result is what one run of the program gave.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command of the program against the sandbox's folder.
func (s *sandbox) run(args ...string) result {
	s.t.Helper()
	return s.runAt(s.dir, args...)
}

func (s *sandbox) runAt(dir string, args ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, s.program, append(args, "--state", dir)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatalf("running %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must runs a command that has to succeed.
func (s *sandbox) must(args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("%v: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
	}
	return r
}

// status is the status, which must have the wanted exit code.
func (s *sandbox) status(code int) report {
	s.t.Helper()
	r := s.run("status", "-o", "json")
	if r.code != code {
		s.t.Fatalf("status: exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	var status report
	if err := json.Unmarshal([]byte(r.stdout), &status); err != nil {
		s.t.Fatalf("status: %v in %q", err, r.stdout)
	}
	return status
}

// component is the named part of the status.
func (r report) component(t *testing.T, name string) reportComponent {
	t.Helper()
	for _, c := range r.Components {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the status has no component %q", name)
	return reportComponent{}
}

// pids are the processes of the sandbox, its supervisor first.
func (r report) pids() []int {
	pids := []int{r.SupervisorPID}
	for _, c := range r.Components {
		if c.PID != 0 && c.PID != r.SupervisorPID {
			pids = append(pids, c.PID)
		}
	}
	return pids
}

// processes are the command lines of what runs for the folder, as the system
// tells them.
func (s *sandbox) processes() []string {
	s.t.Helper()
	out, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=,stat=,args=").Output()
	if err != nil {
		s.t.Fatal("listing processes: ", err)
	}
	var found []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) > 2 && !strings.HasPrefix(fields[1], "Z") && strings.Contains(line, s.dir) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func (s *sandbox) wantNoProcess() {
	s.t.Helper()
	if left := s.processes(); len(left) > 0 {
		s.t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// eventually waits for a condition that another process brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waiting for %s: it does not happen", what)
		}
	}
}

func kill(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		if pid <= 1 {
			t.Fatal("no process to kill: " + strconv.Itoa(pid))
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}
