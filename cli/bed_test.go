package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/berth-sh/berth/kube"
)

// bed is the built program with a home and a namespace of its own, on a real
// API server that the test can change behind its back.
type bed struct {
	t         testing.TB
	namespace string
	berth     string
	env       []string
	api       kubernetes.Interface
}

func newBed(t testing.TB, namespace string) *bed {
	t.Helper()
	kubeconfig, bin := testCluster(t)
	return bedOn(t, kubeconfig, bin, namespace)
}

// bedOn is newBed on a given cluster.
func bedOn(t testing.TB, kubeconfig, bin, namespace string) *bed {
	t.Helper()
	client, err := kube.New(kube.Options{Kubeconfig: kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	env := append(programEnv(t, kubeconfig, namespace), "PATH="+bin+":"+os.Getenv("PATH"))
	return &bed{t: t, namespace: namespace, berth: filepath.Join(bin, "berth"), env: env, api: client.Interface()}
}

// command prepares one run of berth.
func (b *bed) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.berth, args...)
	cmd.Env = b.env
	return cmd
}

// result is how a command ended.
type result struct {
	code             int
	stdout, stderr   string
	commandAndOutput string
}

// run runs berth to its end.
func (b *bed) run(args ...string) result {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := b.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("berth %v: %v", args, err)
	}
	return result{
		code: cmd.ProcessState.ExitCode(), stdout: out.String(), stderr: errs.String(),
		commandAndOutput: "berth " + strings.Join(args, " ") + "\n" + out.String() + errs.String(),
	}
}

// want runs berth, checks its exit code and what it says on standard error.
func (b *bed) want(code int, says []string, args ...string) result {
	b.t.Helper()
	got := b.run(args...)
	if got.code != code {
		b.t.Fatalf("exit code %d, want %d: %s", got.code, code, got.commandAndOutput)
	}
	for _, text := range says {
		if !strings.Contains(got.stderr, text) {
			b.t.Errorf("standard error lacks %q: %s", text, got.commandAndOutput)
		}
	}
	return got
}
