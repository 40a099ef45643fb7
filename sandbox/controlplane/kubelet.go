package controlplane

import (
	"fmt"
	"net"
	"time"
)

// Kubelet is what a node of its own is started with: file names.
type Kubelet struct {
	Kubeconfig string // access to the API server as system:node:NAME
	Cert, Key  string // serve the kubelet's API
	CA         string // signs whom the kubelet's API believes
}

// IssueKubelet makes the credentials of the kubelet of node name at address
// ip, for the control plane whose pki folder is dir and whose API server
// listens at apiAddress. They lie in that folder.
func IssueKubelet(dir, apiAddress, name string, ip net.IP, now time.Time) (Kubelet, error) {
	ca, err := openAuthority(dir, now)
	if err != nil {
		return Kubelet{}, err
	}
	c := &Credentials{dir: dir, server: "https://" + apiAddress, ca: ca}
	client, serving := "kubelet-"+name+"-client", "kubelet-"+name
	if _, err := ca.certificate(subject{file: client, name: "system:node:" + name, groups: []string{"system:nodes"}}); err != nil {
		return Kubelet{}, err
	}
	if _, err := ca.certificate(subject{file: serving, name: "system:node:" + name, groups: []string{"system:nodes"}, server: true, ip: ip}); err != nil {
		return Kubelet{}, err
	}
	k := Kubelet{Kubeconfig: c.path(client + ".kubeconfig"), Cert: c.cert(serving), Key: c.key(serving), CA: c.cert("ca")}
	if err := c.writeKubeconfig(client, k.Kubeconfig, name, "default"); err != nil {
		return Kubelet{}, fmt.Errorf("making the kubelet's access: %w", err)
	}
	return k, nil
}
