package controlplane

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/moby/sys/atomicwriter"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// ServiceRange holds the cluster IPs of Services, serviceIP the API server's
// own. Nothing routes there: the sandbox's gateway resolves Services itself.
const ServiceRange = "10.87.0.0/16"

var serviceIP = net.IPv4(10, 87, 0, 1).To4()

// masters is the group that may do everything, without any RBAC object.
const masters = "system:masters"

// Credentials are the sandbox's keys, certificates and kubeconfigs on disk.
type Credentials struct {
	dir     string
	server  string // URL of the API server
	ca      *authority
	serving tls.Certificate // for etcd, the API server, the controllers and the node
}

// Credentials that components are started with, by file name in the pki folder.
const (
	servingFile   = "serving"
	etcdFile      = "etcd-client"
	kubeletFile   = "kubelet-client"
	accountsFile  = "service-accounts"
	adminFile     = "admin"
	nodeFile      = "node"
	managerFile   = "controller-manager"
	schedulerFile = "scheduler"
)

// Issue makes whatever is missing or runs out soon in dir, for an API server
// on apiPort; kubeconfig is where the administrator's goes.
func Issue(dir, kubeconfig, context, namespace, apiAddress string, now time.Time) (*Credentials, error) {
	ca, err := openAuthority(dir, now)
	if err != nil {
		return nil, err
	}
	c := &Credentials{dir: dir, server: "https://" + apiAddress, ca: ca}
	if c.serving, err = ca.certificate(subject{file: servingFile, name: "berth-sandbox", server: true}); err != nil {
		return nil, err
	}
	clients := []subject{
		{file: etcdFile, name: etcdClient},
		{file: kubeletFile, name: kubeletClient},
		{file: adminFile, name: "berth-sandbox", groups: []string{masters}},
		{file: nodeFile, name: "berth-sandbox-node", groups: []string{masters}},
		{file: managerFile, name: "system:kube-controller-manager"},
		{file: schedulerFile, name: "system:kube-scheduler"},
	}
	for _, s := range clients {
		if _, err := ca.certificate(s); err != nil {
			return nil, err
		}
	}
	if err := ensureKey(c.key(accountsFile)); err != nil {
		return nil, err
	}
	for _, file := range []string{managerFile, schedulerFile} {
		if err := c.writeKubeconfig(file, c.path(file+".kubeconfig"), context, namespace); err != nil {
			return nil, err
		}
	}
	return c, c.writeKubeconfig(adminFile, kubeconfig, context, namespace)
}

func (c *Credentials) path(name string) string { return filepath.Join(c.dir, name) }
func (c *Credentials) cert(file string) string { return c.path(file + ".crt") }
func (c *Credentials) key(file string) string  { return c.path(file + ".key") }

// writeKubeconfig writes a kubeconfig that stands alone: it may be copied.
func (c *Credentials) writeKubeconfig(file, path, context, namespace string) error {
	config := clientcmdapi.NewConfig()
	cluster, user := clientcmdapi.NewCluster(), clientcmdapi.NewAuthInfo()
	cluster.Server = c.server
	for name, into := range map[string]*[]byte{
		"ca.crt":      &cluster.CertificateAuthorityData,
		file + ".crt": &user.ClientCertificateData,
		file + ".key": &user.ClientKeyData,
	} {
		data, err := os.ReadFile(c.path(name))
		if err != nil {
			return fmt.Errorf("making kubeconfig %s: %w", path, err)
		}
		*into = data
	}
	entry := clientcmdapi.NewContext()
	entry.Cluster, entry.AuthInfo, entry.Namespace = context, context, namespace
	config.Clusters[context], config.AuthInfos[context], config.Contexts[context] = cluster, user, entry
	config.CurrentContext = context
	data, err := clientcmd.Write(*config)
	if err != nil {
		return fmt.Errorf("encoding kubeconfig %s: %w", path, err)
	}
	if err := atomicwriter.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("writing kubeconfig %s: %w", path, err)
	}
	return nil
}

// Admin is access to the API server as the sandbox's administrator.
func (c *Credentials) Admin() *rest.Config { return c.client(adminFile) }

// Node is access to the API server for the node and the gateway. It may do
// everything, since the node is also the provisioner of volumes; its name
// shows who did what.
func (c *Credentials) Node() *rest.Config { return c.client(nodeFile) }

func (c *Credentials) client(file string) *rest.Config {
	return &rest.Config{
		Host: c.server,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile: c.path("ca.crt"), CertFile: c.cert(file), KeyFile: c.key(file),
		},
		// Everything is on this machine: the server's own fairness is limit enough.
		QPS: -1,
	}
}

// KubeletTLS is the configuration of the node's own API: it serves the API
// server, which shows its client certificate, and nobody else.
func (c *Credentials) KubeletTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{c.serving},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		VerifyConnection: func(s tls.ConnectionState) error {
			if name := s.PeerCertificates[0].Subject.CommonName; name != kubeletClient {
				return fmt.Errorf("refusing %q: only the API server may ask the node", name)
			}
			return nil
		},
		// HTTP/1.1 only: exec and port-forward upgrade the connection.
		NextProtos: []string{"http/1.1"},
	}
}

// kubeletClient is the name that the API server shows to the node.
const kubeletClient = "berth-sandbox-apiserver"

// etcdClient is the name that the API server shows to etcd.
const etcdClient = "berth-sandbox-storage"
