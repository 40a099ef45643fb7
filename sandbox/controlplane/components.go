package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Ports are those of the components; all are on the loopback address.
type Ports struct{ API, Etcd, Manager, Scheduler int }

// Component is one program of the control plane.
type Component struct {
	Name string
	Args []string
	// needs are the components that must have worked before this one starts.
	needs []string
	// health is where it says that it works.
	health string
	client *http.Client
}

// Components are the control plane, each after what it needs. dir is etcd's.
func (c *Credentials) Components(dir string, p Ports) ([]Component, error) {
	etcd, err := c.httpClient(etcdFile)
	if err != nil {
		return nil, err
	}
	admin, err := c.httpClient(adminFile)
	if err != nil {
		return nil, err
	}
	return []Component{
		{Name: Etcd, Args: c.etcdArgs(dir, p), health: health(p.Etcd, "health"), client: etcd},
		{Name: APIServer, Args: c.apiServerArgs(p), needs: []string{Etcd}, health: health(p.API, "readyz"), client: admin},
		{Name: ControllerManager, Args: c.managerArgs(p), needs: []string{APIServer}, health: health(p.Manager, "healthz"), client: admin},
		{Name: Scheduler, Args: c.schedulerArgs(p), needs: []string{APIServer}, health: health(p.Scheduler, "readyz"), client: admin},
	}, nil
}

// Healthy returns nil when the component says that it works.
func (c Component) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.health, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", c.Name, err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking %s: %w", c.Name, err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	if closed := res.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("asking %s: %w", c.Name, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: it answers %s", c.Name, res.Status)
	}
	return nil
}

func health(port int, path string) string { return fmt.Sprintf("https://127.0.0.1:%d/%s", port, path) }

// httpClient speaks as one of the sandbox's clients. Connections are not kept:
// a probe must meet the process that runs now.
func (c *Credentials) httpClient(file string) (*http.Client, error) {
	pair, err := c.ca.load(file)
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s: %w", file, err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: []tls.Certificate{pair}},
	}}, nil
}

func (c *Credentials) etcdArgs(dir string, p Ports) []string {
	return []string{
		"--data-dir=" + dir,
		fmt.Sprintf("--listen=127.0.0.1:%d", p.Etcd),
		"--cert-file=" + c.cert(servingFile),
		"--key-file=" + c.key(servingFile),
		"--trusted-ca-file=" + c.cert("ca"),
	}
}

func (c *Credentials) apiServerArgs(p Ports) []string {
	args := append(c.serveArgs(p.API),
		fmt.Sprintf("--etcd-servers=https://127.0.0.1:%d", p.Etcd),
		"--etcd-cafile="+c.cert("ca"),
		"--etcd-certfile="+c.cert(etcdFile),
		"--etcd-keyfile="+c.key(etcdFile),
		"--authorization-mode=Node,RBAC",
		"--client-ca-file="+c.cert("ca"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+c.key(accountsFile),
		"--service-account-signing-key-file="+c.key(accountsFile),
		"--service-cluster-ip-range="+ServiceRange,
		// The node's own address is the loopback address, which the other
		// reconcilers refuse to publish.
		"--endpoint-reconciler-type=none",
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority="+c.cert("ca"),
		"--kubelet-client-certificate="+c.cert(kubeletFile),
		"--kubelet-client-key="+c.key(kubeletFile),
		"--allow-privileged=true", // what a pod may ask is Pod Security's to say, as on real clusters
	)
	return args
}

func (c *Credentials) managerArgs(p Ports) []string {
	return append(c.serveArgs(p.Manager),
		"--kubeconfig="+c.path(managerFile+".kubeconfig"),
		"--leader-elect=false",
		"--controllers="+strings.Join(controllers(), ","),
		"--service-account-private-key-file="+c.key(accountsFile),
		"--root-ca-file="+c.cert("ca"),
		// The manager's own identity may do almost nothing: RBAC's default roles
		// are bound to one account for each controller.
		"--use-service-account-credentials=true",
		// Each controller asks for its own token before it starts, one after the
		// other: at the default rate that alone takes five seconds.
		"--kube-api-qps=1000", "--kube-api-burst=1000",
		// How often a node's taints follow its conditions: at a start, everybody
		// waits for the taint of a node that is not ready to go.
		"--node-monitor-period=500ms",
	)
}

func (c *Credentials) schedulerArgs(p Ports) []string {
	return append(c.serveArgs(p.Scheduler),
		"--kubeconfig="+c.path(schedulerFile+".kubeconfig"),
		"--leader-elect=false",
	)
}

// serveArgs are the flags about serving, which all components of Kubernetes
// have in common.
func (c *Credentials) serveArgs(port int) []string {
	return []string{
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + c.cert(servingFile),
		"--tls-private-key-file=" + c.key(servingFile),
		"--profiling=false",
	}
}

// controllers are the default ones less those that have nothing to do here:
// there is no cloud, no volume to attach, nothing to sign for and no kubelet
// that would use it. Each left out saves its informers.
func controllers() []string {
	return []string{
		"*",
		"-certificatesigningrequest-approving-controller",
		"-certificatesigningrequest-cleaner-controller",
		"-certificatesigningrequest-signing-controller",
		"-device-taint-eviction-controller",
		"-horizontal-pod-autoscaler-controller",
		"-kube-apiserver-serving-clustertrustbundle-publisher-controller",
		"-legacy-serviceaccount-token-cleaner-controller",
		"-node-ipam-controller",
		"-persistentvolume-attach-detach-controller",
		"-persistentvolume-expander-controller",
		"-podcertificaterequest-cleaner-controller",
		"-podgroup-protection-controller",
		"-resourceclaim-controller",
		"-resourcepoolstatusrequest-controller",
		"-service-cidr-controller",
		"-storage-version-migrator-controller",
		"-storageversion-garbage-collector-controller",
		"-ttl-controller",
		"-volumeattributesclass-protection-controller",
	}
}
