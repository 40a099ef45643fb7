// Package realnode adds a real node to a sandbox's cluster: the kubelet and
// kube-proxy of the same Kubernetes release, CoreDNS, containerd, runc and a
// bridge, with pods that are containers. It is for tests of what the sandbox's
// own node only imitates.
//
// # What it needs
//
// Linux, root, and the programs of scripts/build-realnode and scripts/setup.
//
// # What it leaves
//
// Nothing. Everything runs in a PID namespace and a mount namespace of its
// own: the kernel ends every process of the node, in containers too, with the
// first, and unmounts what was mounted. The bridge, kube-proxy's rules and the
// control groups are removed by [Node.Stop], or by the next [Start] after a kill.
package realnode
