package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// nodeSaying is a node that reports its kernel and its runtime, and what
// runtime handlers say about user namespaces.
func nodeSaying(kernel, runtime string, handlers ...bool) corev1.Node {
	n := corev1.Node{Status: corev1.NodeStatus{NodeInfo: corev1.NodeSystemInfo{KernelVersion: kernel, ContainerRuntimeVersion: runtime}}}
	for _, can := range handlers {
		n.Status.RuntimeHandlers = append(n.Status.RuntimeHandlers, corev1.NodeRuntimeHandler{Features: &corev1.NodeRuntimeHandlerFeatures{UserNamespaces: &can}})
	}
	return n
}

func TestNodesThatCannotMakeUserNamespacesAreNamed(t *testing.T) {
	good := nodeSaying("6.8.0-45-generic", "containerd://2.0.1", true)
	for name, tc := range map[string]struct {
		nodes []corev1.Node
		want  string // part of the reason; "" is none
	}{
		"none":                       {nil, ""},
		"good":                       {[]corev1.Node{good}, ""},
		"nothing said":               {[]corev1.Node{{}}, ""},
		"old kernel":                 {[]corev1.Node{nodeSaying("5.15.0-1050-aws", "containerd://2.1.0", true)}, "Linux 5.15.0-1050-aws"},
		"old containerd":             {[]corev1.Node{nodeSaying("6.8.0", "containerd://1.7.24")}, "containerd 1.7.24"},
		"old CRI-O":                  {[]corev1.Node{nodeSaying("6.8.0", "cri-o://1.24.6")}, "cri-o 1.24.6"},
		"another runtime":            {[]corev1.Node{nodeSaying("6.8.0", "docker://24.0.7")}, ""},
		"runtime without":            {[]corev1.Node{nodeSaying("6.8.0", "containerd://2.0.0", false)}, "runtimes say so"},
		"one handler with":           {[]corev1.Node{nodeSaying("6.8.0", "containerd://2.0.0", false, true)}, ""},
		"one good among bad ones":    {[]corev1.Node{nodeSaying("5.4.0", "containerd://1.6.0"), good}, ""},
		"text where a version is":    {[]corev1.Node{nodeSaying("custom", "containerd://devel")}, ""},
		"a kernel of another vendor": {[]corev1.Node{nodeSaying("6.1.112+", "containerd://2.0.0", true)}, "Linux 6.1.112+"},
	} {
		t.Run(name, func(t *testing.T) {
			err := noUserNamespaces(tc.nodes)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
