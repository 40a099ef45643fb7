//go:build linux

package realnode

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-sh/berth/sandbox/controlplane"
	"github.com/berth-sh/berth/sandbox/realnode/image"
)

// Names and addresses of the node. There is one node on a machine at a time:
// its bridge and its pods' addresses are the machine's.
const (
	Name    = "real"
	Gateway = "10.244.0.1" // the machine's address on the bridge, and the node's
	subnet  = "10.244.0.0/16"
	bridge  = "berth0"
	// kubeletPort is not the kubelet's usual one: the machine may have its own.
	kubeletPort = 10350
	// cgroupRoot holds the pods' control groups.
	cgroupRoot = "/berth-node"
)

// Class is the storage class whose volumes are folders of this machine that
// the kubelet treats as disks. It is the cluster's default while the node is
// there.
const Class = "disk"

// Provisioner serves [Class] and the classes that tests add.
const Provisioner = "disk.berth.sh"

// Config says where a node finds and puts things.
type Config struct {
	State string // the sandbox's folder: its kubeconfig and its authority
	Dir   string // the node's own: containers, images, volumes, logs
	Bin   string // holds containerd, containerd-shim-runc-v2, ctr, runc, kubelet, kube-proxy and coredns
	CNI   string // holds the network plugins; empty for where Debian puts them
	Log   *slog.Logger
}

func (c Config) path(name ...string) string {
	return filepath.Join(append([]string{c.Dir}, name...)...)
}

func (c Config) socket() string { return c.path("containerd.sock") }

// Volumes is the folder of the volumes' folders, each named by its claim's UID.
func (c Config) Volumes() string { return c.path("volumes") }

func (c Config) cni() string {
	if c.CNI != "" {
		return c.CNI
	}
	return "/usr/lib/cni"
}

// check says at once everything that is missing.
func (c Config) check() error {
	var missing []string
	for _, program := range []string{"containerd", "containerd-shim-runc-v2", "ctr", "runc", "kubelet", "kube-proxy", "coredns"} {
		if _, err := os.Stat(filepath.Join(c.Bin, program)); err != nil {
			missing = append(missing, filepath.Join(c.Bin, program))
		}
	}
	for _, plugin := range []string{"bridge", "host-local", "loopback"} {
		if _, err := os.Stat(filepath.Join(c.cni(), plugin)); err != nil {
			missing = append(missing, filepath.Join(c.cni(), plugin))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("a real node needs %s: run scripts/setup realnode and make realnode", strings.Join(missing, ", "))
	}
	if ownProxy() {
		return errors.New("this machine has a kube-proxy of its own, whose rules a real node's would replace")
	}
	if os.Getuid() != 0 {
		return errors.New("a real node needs root: it makes namespaces, mounts and a bridge")
	}
	return nil
}

// write makes the files that containerd, the network plugins and the kubelet
// read.
func (c Config) write(k controlplane.Kubelet) error {
	files := map[string]string{
		"containerd.toml":       c.containerd(),
		"cni/10-berth.conflist": network,
		"kubelet.yaml":          c.kubelet(k),
		"kube-proxy.yaml":       c.proxy(),
		"Corefile":              c.dns(),
	}
	for _, dir := range []string{"cni", "logs", "volumes", "kubelet", "containerd"} {
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			return fmt.Errorf("making the node's folder: %w", err)
		}
	}
	for name, text := range files {
		if err := os.WriteFile(c.path(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("configuring the node: %w", err)
		}
	}
	return nil
}

// containerd is its configuration: one runtime, one network, one sandbox image
// that is imported and never pulled.
func (c Config) containerd() string {
	return fmt.Sprintf(`version = 3
root = %[1]q
state = %[2]q
[grpc]
  address = %[3]q
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = %[4]q
[plugins."io.containerd.cri.v1.runtime"]
  # Where the machine does not let its root lower an OOM score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [%[5]q]
    conf_dir = %[6]q
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = %[7]q
        SystemdCgroup = false
`, c.path("containerd", "root"), c.path("containerd", "state"), c.socket(), image.Pause, c.cni(), c.path("cni"), filepath.Join(c.Bin, "runc"))
}

// network is the pods': a bridge that the machine has an address on, so that
// the sandbox's gateway reaches every pod.
const network = `{
  "cniVersion": "1.0.0",
  "name": "berth",
  "plugins": [{
    "type": "bridge", "bridge": "` + bridge + `", "isGateway": true, "ipMasq": false, "hairpinMode": true,
    "ipam": {"type": "host-local", "dataDir": "/run/berth-node-ipam",
      "ranges": [[{"subnet": "` + subnet + `", "gateway": "` + Gateway + `"}]],
      "routes": [{"dst": "0.0.0.0/0"}]}
  }]
}
`

// kubelet is its configuration. Quality-of-service groups are off: the node
// must run beside whatever manages the machine's control groups.
func (c Config) kubelet(k controlplane.Kubelet) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
port: %[2]d
readOnlyPort: 0
healthzPort: 0
tlsCertFile: %[3]q
tlsPrivateKeyFile: %[4]q
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: %[5]q}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://%[6]s
podLogsDir: %[8]q
clusterDNS: [%[1]s]
clusterDomain: cluster.local
failCgroupV1: false
cgroupsPerQOS: false
cgroupRoot: %[7]s
enforceNodeAllocatable: []
cgroupDriver: cgroupfs
failSwapOn: false
makeIPTablesUtilChains: false
syncFrequency: 10s
nodeStatusUpdateFrequency: 2s
evictionHard: {memory.available: 50Mi, nodefs.available: "1%%", imagefs.available: "1%%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
shutdownGracePeriod: 0s
`, Gateway, kubeletPort, k.Cert, k.Key, k.CA, c.socket(), cgroupRoot, c.path("pods"))
}
