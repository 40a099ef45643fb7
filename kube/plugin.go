package kube

// Credential plugins of a kubeconfig, under a program that has the terminal.
// client-go runs a plugin in the middle of a request, gives it the terminal as
// standard error, waits for it as long as it likes and ignores the request's
// context. So the program has it run aside, by a runner of its own:
//
//   - it has no terminal at all, and so can neither draw on the screen nor take
//     keys; what it says is kept and becomes part of the error;
//   - it has a limit, after which it and all that it started are killed;
//   - a request whose owner has gone does not wait for it.
//
// A plugin that must ask its user something does so when the program hands the
// terminal over: see Login.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/pkg/apis/clientauthentication/install"
	"k8s.io/client-go/tools/clientcmd/api"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/berth-sh/berth/workspace"
)

// ErrLogin is in the chain of errors that logging in may mend. It comes with
// kind workspace.ErrForbidden.
var ErrLogin = errors.New("login needed")

// Aside says how credential plugins are run while the program has the terminal.
type Aside struct {
	// Runner is the command that runs a plugin, which follows as its arguments.
	// It leaves in Report what the plugin says.
	Runner []string
	Report string
}

// Words of a report's first line.
const (
	ReportRunning = "running" // the plugin has not ended
	ReportLate    = "late"    // it was killed at its limit
	ReportFailed  = "failed"  // it ended with an error of its own
	ReportMissing = "missing" // there is no such program
)

// maxReport is how much of a report is read, in bytes.
const maxReport = 8 << 10

// setAside has the plugin run by the runner; called before the client is made.
func (c *Client) setAside(a Aside) {
	p := c.config.ExecProvider
	if p == nil {
		return
	}
	c.plugin = p.DeepCopy()
	if len(a.Runner) == 0 || p.PluginPolicy.PolicyType != "" && p.PluginPolicy.PolicyType != api.PluginPolicyAllowAll {
		return // a list of allowed programs does not have the runner on it
	}
	aside := p.DeepCopy()
	aside.Command = a.Runner[0]
	aside.Args = append(append([]string{}, a.Runner[1:]...), append([]string{p.Command}, p.Args...)...)
	if aside.InteractiveMode == api.AlwaysExecInteractiveMode {
		aside.InteractiveMode = api.IfAvailableExecInteractiveMode // it may still have what it needs from the last login
	}
	c.config.ExecProvider = aside
	c.said = a.Report
}

// pluginTransport adds to errors what the plugin has said, and lets requests go
// whose owner has gone.
type pluginTransport struct {
	next   http.RoundTripper
	name   string // of the plugin
	hint   string // how it is installed, as the kubeconfig has it
	report string // file
}

// WrappedRoundTripper lets others find the transport below.
func (p *pluginTransport) WrappedRoundTripper() http.RoundTripper { return p.next }

// RoundTrip implements http.RoundTripper. The goroutine ends with the plugin,
// whose limit is the runner's.
func (p *pluginTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	type answer struct {
		resp *http.Response
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		resp, err := p.next.RoundTrip(req)
		answered <- answer{resp, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil && strings.Contains(a.err.Error(), "getting credentials: ") {
			return nil, p.explain(a.err)
		}
		return a.resp, a.err
	case <-req.Context().Done():
		go func() {
			if a := <-answered; a.resp != nil {
				_ = a.resp.Body.Close() // nobody reads it any more
			}
		}()
		return nil, context.Cause(req.Context())
	}
}

// pluginError is a failure of a plugin in its own words.
type pluginError struct {
	cause      error
	name, word string
	said, hint string
}

func (e *pluginError) Unwrap() error { return e.cause }

// Error is what happened, and the last that the plugin said.
func (e *pluginError) Error() string {
	what := "failed"
	switch e.word {
	case ReportLate:
		what = "did not answer in time"
	case ReportMissing:
		return "credential plugin " + e.name + " is not installed"
	}
	if e.said != "" {
		what += ": " + e.said
	}
	return "credential plugin " + e.name + " " + what
}

// explain makes an error of what the runner has left.
func (p *pluginTransport) explain(err error) error {
	word, said := readReport(p.report)
	if word == "" {
		return err
	}
	return &pluginError{cause: err, name: p.name, word: word, said: said, hint: p.hint}
}

// readReport returns a report's first word and the last line of what was said.
func readReport(path string) (word, said string) {
	if path == "" {
		return "", ""
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", ""
	}
	first, rest, _ := bytes.Cut(raw[:min(len(raw), maxReport)], []byte("\n"))
	lines := strings.Split(strings.TrimSpace(workspace.SafeText(string(rest))), "\n")
	return strings.TrimSpace(workspace.Safe(string(first))), workspace.Safe(lines[len(lines)-1])
}

// Waiting returns why requests do not get on although the network is there: the
// credential plugin has not answered. It is nil when nothing is known.
func (c *Client) Waiting() error {
	if word, said := readReport(c.said); word == ReportRunning {
		text := "credential plugin " + c.pluginName() + " has not answered yet"
		if said != "" {
			text += ": " + said
		}
		return workspace.WithKind(workspace.ErrForbidden, &loginError{errors.New(text)})
	}
	return nil
}

// loginError marks an error that logging in may mend.
type loginError struct{ err error }

func (e *loginError) Error() string   { return e.err.Error() }
func (e *loginError) Unwrap() []error { return []error{e.err, ErrLogin} }

func (c *Client) pluginName() string {
	if c.plugin == nil {
		return ""
	}
	return workspace.Safe(filepath.Base(c.plugin.Command))
}

// Login returns the command that logs in: the kubeconfig's credential plugin,
// told that somebody is there to answer. What it prints on standard output are
// credentials, which must not be shown; it keeps for itself what it needs to be
// asked again. The error is of kind ErrNotFound where there is no plugin.
func (c *Client) Login(ctx context.Context) (*exec.Cmd, error) {
	p := c.plugin
	if p == nil {
		return nil, workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, errors.New("the kubeconfig names no program that logs in")),
			"fetch the kubeconfig again, or log in as you did to get it")
	}
	info, err := execInfo(p)
	if err != nil {
		return nil, fmt.Errorf("telling the plugin that it may ask: %w", err)
	}
	cmd := exec.CommandContext(ctx, p.Command, p.Args...)
	cmd.Env = os.Environ()
	for _, e := range p.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
	}
	cmd.Env = append(cmd.Env, "KUBERNETES_EXEC_INFO="+info)
	return cmd, nil
}

// execInfo is what a plugin is told about its call.
func execInfo(p *api.ExecConfig) (string, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	version, err := schema.ParseGroupVersion(p.APIVersion)
	if err != nil {
		return "", err
	}
	credential := &clientauthentication.ExecCredential{Spec: clientauthentication.ExecCredentialSpec{Interactive: true}}
	raw, err := runtime.Encode(serializer.NewCodecFactory(scheme).LegacyCodec(version), credential)
	return string(raw), err
}
