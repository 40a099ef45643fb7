// Package kube turns workspaces into cluster objects and cluster objects into
// workspaces.
//
// # Writing
//
// [Build] makes all objects of a workspace from its spec; it is pure. [Client]
// writes them: Create, Start, Stop, Restart, Edit, Delete, Restore and Purge
// can each be repeated after a failure at any point and then continue. The
// first write of an object is a POST, which alone refuses a foreign object of
// the same name; what it owned is then handed to server-side apply as field
// manager "berth", so that later edits never need force. The number of
// replicas belongs to field manager "berth-scale".
//
// # Errors
//
// Every error of the API server passes through one mapping ([Explain]) that
// gives it a kind of package workspace, one sentence and a next step.
//
// # Text
//
// Strings from the cluster pass workspace.Safe where they enter.
package kube

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/berth-sh/berth/workspace"
)

// Limits of one client. client-go's own defaults (5 requests a second) are for
// controllers that share a server, not for a person who waits.
const (
	requestsPerSecond = 50
	requestBurst      = 100
	dialTimeout       = 10 * time.Second

	// writeTimeout bounds one write. What happened after it is unknown, so
	// every verb looks again when it is repeated.
	writeTimeout = 15 * time.Second
)

// Options say which cluster a Client talks to.
type Options struct {
	Kubeconfig string // path; "" follows KUBECONFIG, then ~/.kube/config, then the pod's own account
	Context    string // "" is the current context
	UserAgent  string // "" is "berth"

	// NonInteractive keeps credential plugins away from standard input, which
	// a full-screen program reads itself.
	NonInteractive bool

	// Aside says how credential plugins are run where they must not have the
	// terminal; its zero value lets client-go run them.
	Aside Aside

	// Warn receives warnings of the API server and about the installation, one
	// line each, fit for a terminal; nil drops them. It is called from several
	// goroutines.
	Warn func(text string)

	// Adjust may change the REST configuration before the client is made; nil
	// leaves it.
	Adjust func(*rest.Config)
}

// Client talks to one cluster as one user. It is safe for concurrent use, and
// making one opens no connection.
type Client struct {
	config    *rest.Config
	clientset kubernetes.Interface
	dynamic   dynamic.Interface
	context   string
	namespace string
	path      string
	warn      func(string)
	now       func() time.Time
	skew      atomic.Int64    // see clock
	plugin    *api.ExecConfig // as the kubeconfig has it; nil for none
	said      string          // file that Aside's runner writes; "" for none

	mu      sync.Mutex // guards cluster
	cluster workspace.ClusterID
}

// New reads the kubeconfig and makes a client. It fails with an error that
// wraps [ErrNoKubeconfig] where there is nothing to read, and with one of kind
// ErrUsage for a context that does not exist.
func New(o Options) (*Client, error) {
	loaded, err := load(o)
	if err != nil {
		return nil, err
	}
	c := &Client{
		config: loaded.config, context: loaded.context, namespace: loaded.namespace, path: loaded.path,
		warn: o.Warn, now: time.Now,
	}
	if c.warn == nil {
		c.warn = func(string) {}
	}
	c.tune(o)
	httpClient, err := rest.HTTPClientFor(c.config)
	if err != nil {
		return nil, brokenKubeconfig(loaded.path, err)
	}
	if c.plugin != nil {
		httpClient.Transport = &pluginTransport{next: httpClient.Transport, name: c.pluginName(), hint: c.plugin.InstallHint, report: c.said}
	}
	c.clientset, err = kubernetes.NewForConfigAndClient(c.config, httpClient)
	if err != nil {
		return nil, brokenKubeconfig(loaded.path, err)
	}
	c.dynamic, err = dynamic.NewForConfigAndClient(c.config, httpClient)
	if err != nil {
		return nil, brokenKubeconfig(loaded.path, err)
	}
	return c, nil
}

// tune sets what client-go leaves to its users.
func (c *Client) tune(o Options) {
	c.config.UserAgent = o.UserAgent
	if o.UserAgent == "" {
		c.config.UserAgent = "berth"
	}
	c.config.QPS, c.config.Burst = requestsPerSecond, requestBurst
	c.config.ContentType = runtime.ContentTypeProtobuf
	c.config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	c.config.WarningHandlerWithContext = warningHandler(c.warn)
	// The list of ten thousand workspaces arrives sooner as it is, where the way
	// is this machine's own.
	if host, err := url.Parse(c.config.Host); err == nil && loopback(host.Hostname()) {
		c.config.DisableCompression = true
	}
	if c.config.Dial == nil {
		c.config.Dial = dialer().DialContext
	}
	if c.config.ExecProvider != nil && o.NonInteractive {
		c.config.ExecProvider.StdinUnavailable = true
		c.config.ExecProvider.StdinUnavailableMessage = "the program uses the terminal itself; log in from a shell first"
	}
	c.setAside(o.Aside)
	if o.Adjust != nil {
		o.Adjust(c.config)
	}
	c.config.Wrap(func(next http.RoundTripper) http.RoundTripper { return clock{pacer{next}, &c.skew} })
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// dialer notices a dead peer within 8 seconds on an idle connection. HTTP/2
// pings do the same only after 45 seconds, and client-go lets only the
// process's environment change that.
func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout:         dialTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: time.Second, Count: 3},
		Control:         boundUnacknowledged,
	}
}

// warningHandler passes the API server's warnings on.
type warningHandler func(string)

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext;
// code 299 is the only one the API server sends.
func (h warningHandler) HandleWarningHeaderWithContext(_ context.Context, code int, _ string, text string) {
	if code == 299 && text != "" {
		h(workspace.Safe(text))
	}
}

// Interface returns the typed clientset.
func (c *Client) Interface() kubernetes.Interface { return c.clientset }

// REST returns a copy of the configuration behind the clientset.
func (c *Client) REST() *rest.Config { return rest.CopyConfig(c.config) }

// ContextName returns the kubeconfig context, or "" inside a pod.
func (c *Client) ContextName() string { return c.context }

// DefaultNamespace returns the context's namespace, else "default".
func (c *Client) DefaultNamespace() string { return c.namespace }

// KubeconfigPath returns the file that names the context, or "" inside a pod.
func (c *Client) KubeconfigPath() string { return c.path }

// write bounds one write.
func (c *Client) write(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, writeTimeout, fmt.Errorf("no answer within %s", writeTimeout))
}
