package cli

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace"
)

// app is what the commands are made of. Its functions build what they return
// when it is first asked for, so that `berth --help` opens nothing and a
// broken kubeconfig fails only the commands that need one.
type app struct {
	streams
	env   environment
	args  []string // after the program's name
	flags globalFlags
	// fullScreen is set before the first client is made by the program, which
	// reads the terminal itself.
	fullScreen bool

	logFile *logWriter
	logger  func() *slog.Logger          // needs flags
	config  func() (userConfig, error)   // needs nothing
	client  func() (*kube.Client, error) // needs flags, config and logger
	cluster func() (*cluster, error)     // needs client
	ssh     func() (*sshconf.Dir, error) // needs nothing
}

// globalFlags are understood by every command.
type globalFlags struct {
	context       string   // the last one given
	contexts      []string // all that were given; only the program shows several
	namespace     string
	allNamespaces bool
	kubeconfig    string
	sandbox       bool
	readOnly      bool
	plain         bool
	debug         bool
}

// scope is the part of a cluster that a command works on.
type scope struct {
	namespace string // "" for all
	fallback  string // namespace of names that carry none; never ""
}

func newApp(s streams, env environment) *app {
	a := &app{streams: s, env: env, logFile: &logWriter{path: env.logFile()}}
	a.logger = sync.OnceValue(func() *slog.Logger { return newLogger(a.logFile, a.flags.debug) })
	a.config = sync.OnceValues(func() (userConfig, error) { return readConfig(env.configFile()) })
	a.client = onceGood(a.newClient)
	a.cluster = onceGood(a.newCluster)
	a.ssh = sync.OnceValues(func() (*sshconf.Dir, error) { return sshconf.Open(env.home, a.helper()) })
	return a
}

// prepare runs before every command: whatever libraries log must never reach
// the screen, so they are redirected before any client can exist.
func (a *app) prepare() error {
	if err := kube.LogTo(a.logFile); err != nil {
		return fmt.Errorf("redirecting the log: %w", err)
	}
	a.logger().Debug("started", "version", versionString(), "context", a.flags.context, "namespace", a.flags.namespace, "sandbox", a.flags.sandbox)
	return nil
}

// close ends what prepare began.
func (a *app) close() {
	if err := a.logFile.Close(); err != nil && a.flags.debug {
		fmt.Fprintf(a.err, "berth: the log is incomplete: %v\n", err)
	}
}

// newClient makes a client for the cluster that flags and settings name. It
// opens no connection.
func (a *app) newClient() (*kube.Client, error) {
	o := kube.Options{
		Kubeconfig: a.flags.kubeconfig, Context: a.flags.context, UserAgent: "berth/" + versionString(),
		NonInteractive: a.fullScreen,
		Warn:           func(text string) { a.logger().Warn("cluster", "says", text) },
	}
	if a.fullScreen {
		o.Aside = a.aside()
	}
	switch {
	case a.flags.sandbox:
		o.Kubeconfig = a.env.sandboxKubeconfig()
		if _, err := os.Stat(o.Kubeconfig); err != nil {
			return nil, workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("there is no sandbox")), "start it with: berth sandbox up")
		}
	case o.Context == "":
		config, err := a.config()
		if err != nil {
			return nil, err
		}
		o.Context = config.Context
	}
	c, err := kube.New(o)
	return c, a.hintSandbox(err)
}

func (a *app) newCluster() (*cluster, error) {
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	return &cluster{client: client}, nil
}

// helper is the command that ssh runs for an alias: the small program beside
// this one, else this one.
func (a *app) helper() []string {
	small := filepath.Join(filepath.Dir(a.env.executable), "berth-connect")
	if runtime.GOOS == "windows" {
		small += ".exe"
	}
	if info, err := os.Stat(small); err == nil && info.Mode().IsRegular() {
		return []string{small}
	}
	return []string{a.env.executable, "connect"}
}

// scope says which namespaces a command works on: flags, then the user's
// settings, then the kubeconfig. The settings' namespace belongs to the
// settings' context and does not follow the user to another one.
func (a *app) scope() (scope, error) {
	client, err := a.client()
	if err != nil {
		return scope{}, err
	}
	s := scope{fallback: client.DefaultNamespace()}
	if !a.flags.sandbox && a.flags.context == "" {
		config, err := a.config()
		if err != nil {
			return scope{}, err
		}
		if config.Namespace != "" {
			s.fallback = config.Namespace
		}
	}
	if a.flags.namespace != "" {
		s.fallback = a.flags.namespace
	}
	s.namespace = s.fallback
	if a.flags.allNamespaces {
		s.namespace = ""
	}
	return s, nil
}

// refs reads workspace names as arguments: NAME, or NAMESPACE/NAME as
// `berth ls -A -o name` prints it, or an alias.
func (a *app) refs(args []string) ([]workspace.Ref, error) {
	s, err := a.scope()
	if err != nil {
		return nil, err
	}
	refs := make([]workspace.Ref, 0, len(args))
	for _, arg := range args {
		ref, err := parseRef(arg, s.fallback)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// ref reads one workspace name.
func (a *app) ref(arg string) (workspace.Ref, error) {
	refs, err := a.refs([]string{arg})
	if err != nil {
		return workspace.Ref{}, err
	}
	return refs[0], nil
}

// onceGood remembers the first value that make gives without an error. Failures
// are not remembered: the program tries again while the user mends the cause.
func onceGood[T any](make func() (T, error)) func() (T, error) {
	var mu sync.Mutex // guards value and good
	var value T
	good := false
	return func() (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if good {
			return value, nil
		}
		v, err := make()
		if err == nil {
			value, good = v, true
		}
		return v, err
	}
}
