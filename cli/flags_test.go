package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/berth-sh/berth/workspace"
	"github.com/berth-sh/berth/workspace/alias"
)

// flagApp is an app that reaches nothing: its flags are all that is used.
func flagApp(t *testing.T) *app {
	t.Helper()
	env := environment{getenv: func(string) string { return "" }, home: t.TempDir()}
	return newApp(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}, env)
}

// execute runs one command alone, without the root that knows the cluster.
func execute(cmd *cobra.Command, line string) error {
	cmd.SetArgs(strings.Fields(line))
	cmd.SetOut(io.Discard)
	cmd.SetErr(io.Discard)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return workspace.Usagef("%s", err) })
	return cmd.ExecuteContext(context.Background())
}

// flagCase is a command line, and the options it means; nil is one that is
// refused.
type flagCase[T any] struct {
	line string
	want *T
}

// checkFlags parses each line with a fresh command.
func checkFlags[T any](t *testing.T, cases []flagCase[T], build func(*app, func(context.Context, T) error) *cobra.Command) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.line, func(t *testing.T) {
			var got *T
			err := execute(build(flagApp(t), func(_ context.Context, o T) error { got = &o; return nil }), test.line)
			switch {
			case test.want == nil && !errors.Is(err, workspace.ErrUsage):
				t.Errorf("error %v, want one of usage", err)
			case test.want != nil && err != nil:
				t.Error(err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(listOptions{}, createOptions{}, verbOptions{}, sshOptions{}, openOptions{})); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListFlags(t *testing.T) {
	checkFlags(t, []flagCase[listOptions]{
		{"", &listOptions{format: formatTable}},
		{"-o wide --deleted", &listOptions{format: formatWide, deleted: true}},
		{"--watch -o name", &listOptions{format: formatName, watch: true}},
		{"-w -ojson", &listOptions{format: formatJSON, watch: true}},
		{"-o xml", nil},
		{"extra", nil},
		{"--nonsense", nil},
	}, newListCommand)
}

func TestCreateFlags(t *testing.T) {
	plain := func(change func(*createOptions)) *createOptions {
		o := createOptions{name: "api", timeout: waitTimeout, format: formatYAML, failed: failAsk}
		change(&o)
		return &o
	}
	checkFlags(t, []flagCase[createOptions]{
		{"api", plain(func(*createOptions) {})},
		{"api --wait --timeout 10s --yes", plain(func(o *createOptions) { o.wait, o.timeout, o.yes = true, 10*time.Second, true })},
		{"api --dry-run -o yaml", plain(func(o *createOptions) { o.dryRun = true })},
		{"api --key a --key b,c", plain(func(o *createOptions) { o.keys = []string{"a", "b,c"} })},
		{"api -t gpu --image debian:12 --cpu 500m --memory 4Gi --disk 20Gi --gpu 2 --profile restricted", plain(func(o *createOptions) {
			o.spec = workspace.Spec{Template: "gpu", Image: "debian:12", CPU: "500m", Memory: "4Gi", Disk: "20Gi", GPU: 2, Profile: workspace.Restricted}
		})},
		{"api --env A=1 --env B=x=y --env-from s --label team=a --image-pull-secret p --storage-class fast", plain(func(o *createOptions) {
			o.spec = workspace.Spec{
				Env: map[string]string{"A": "1", "B": "x=y"}, EnvFrom: []string{"s"}, Labels: map[string]string{"team": "a"},
				ImagePullSecrets: []string{"p"}, StorageClass: "fast",
			}
		})},
		{"api --service-account sa --node-selector disk=ssd --toleration gpu --toleration a=b:NoSchedule --no-pdb", plain(func(o *createOptions) {
			o.spec = workspace.Spec{
				ServiceAccount: "sa", NodeSelector: map[string]string{"disk": "ssd"}, NoPDB: true,
				Tolerations: []workspace.Toleration{{Key: "gpu"}, {Key: "a", Value: "b", Effect: "NoSchedule"}},
			}
		})},
		{"", nil},
		{"api other", nil},
		{"api -o yaml", nil},
		{"api --dry-run -o json", nil},
		{"api --disk -1", nil},
		{"api --disk=-1Gi", nil},
		{"api --gpu -1", nil},
		{"api --gpu many", nil},
		{"api --env NOVALUE", nil},
		{"api --env 1A=x", nil},
		{"api --profile huge", nil},
		{"api --toleration a:Never", nil},
		{"api --timeout soon", nil},
	}, newCreateCommand)
}

func TestCreateRefusesImagesThatAreNone(t *testing.T) {
	for _, image := range []string{"a b", "a\nb", " a", "a\x1b[2J", "UPPER CASE", "a\tb"} {
		var errs bytes.Buffer
		cmd := newCreateCommand(flagApp(t), func(context.Context, createOptions) error { t.Errorf("image %q was taken", image); return nil })
		cmd.SetArgs([]string{"api", "--image", image})
		cmd.SetErr(&errs)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(context.Background())
		if !errors.Is(err, workspace.ErrUsage) || !strings.Contains(err.Error(), "image") {
			t.Errorf("image %q: error %v, want one of usage that names the image", image, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("image %q: the error carries control characters: %q", image, err)
		}
	}
}

func TestVerbFlags(t *testing.T) {
	build := func(a *app, runF func(context.Context, verbOptions) error) *cobra.Command {
		return newVerbCommand(a, verb{name: "stop", done: "stopped"}, runF)
	}
	checkFlags(t, []flagCase[verbOptions]{
		{"api", &verbOptions{names: []string{"api"}, timeout: waitTimeout}},
		{"api ns/docs --wait --yes", &verbOptions{names: []string{"api", "ns/docs"}, wait: true, yes: true, timeout: waitTimeout}},
		{"--timeout 1m api", &verbOptions{names: []string{"api"}, timeout: time.Minute}},
		{"", nil},
		{"api --force", nil},
	}, build)
}

func TestSSHFlags(t *testing.T) {
	checkFlags(t, []flagCase[sshOptions]{
		{"api", &sshOptions{name: "api", command: []string{}}},
		{"--start -t api", &sshOptions{name: "api", command: []string{}, start: true, tty: true}},
		{"api -- ls -l", &sshOptions{name: "api", command: []string{"ls", "-l"}}},
		{"api -- ls --start", &sshOptions{name: "api", command: []string{"ls", "--start"}}}, // the remote's flag
		{"api --start -- ls", &sshOptions{name: "api", command: []string{"ls"}, start: true}},
		{"--via port-forward api", &sshOptions{name: "api", command: []string{}, via: alias.PortForward}},
		{"--via pigeon api", nil},
		{"api ls -l", nil}, // whose flag?
		{"", nil},
		{"--nonsense api", nil},
	}, newSSHCommand)
}

func TestOpenFlags(t *testing.T) {
	checkFlags(t, []flagCase[openOptions]{
		{"api", &openOptions{name: "api", format: formatName}},
		{"api --in nvim --path /etc --start --yes", &openOptions{name: "api", editor: "nvim", path: "/etc", start: true, yes: true, format: formatName}},
		{"api --dry-run -o json", &openOptions{name: "api", dryRun: true, format: formatJSON}},
		{"api -o json", nil},
		{"", nil},
		{"api other", nil},
	}, newOpenCommand)
}
