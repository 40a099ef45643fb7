package kube

// Which profile a namespace admits, and whether the cluster can run full.

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"

	"github.com/berth-sh/berth/workspace"
)

// Levels of Pod Security, as namespaces are labelled with.
const (
	labelLevel      = "pod-security.kubernetes.io/enforce"
	levelBaseline   = "baseline"
	levelRestricted = "restricted"
)

// The first minor releases of Kubernetes 1 with what profile full needs: user
// namespaces, and for the form baseline volumes made of images.
const (
	minorUserNamespaces = 33
	minorImageVolumes   = 35
)

// checkNamespace refuses a namespace that is missing or going away, and
// chooses the profile.
func (c *Client) checkNamespace(ctx context.Context, name string, p *Preflight) error {
	ns, err := c.clientset.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		switch p.Spec.Profile {
		case "":
			p.Spec.Profile = workspace.Standard
			p.note("profile standard: the namespace's Pod Security level may not be read; use --profile restricted if it is refused")
		case workspace.Full:
			p.Spec.Form = workspace.FormBaseline
			p.note("profile full in the form that needs least: the namespace's Pod Security level may not be read")
		}
		return nil
	case err != nil:
		return c.explain(err)
	case ns.Status.Phase == corev1.NamespaceTerminating:
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, fmt.Errorf("namespace %s is being deleted", name)), "use another namespace")
	}
	return chooseProfile(ns.Labels, p)
}

// chooseProfile picks standard where the namespace admits it, else restricted,
// and the form of profile full.
func chooseProfile(labels map[string]string, p *Preflight) error {
	level := labels[labelLevel]
	switch {
	case p.Spec.Profile == "" && level == levelRestricted:
		p.Spec.Profile = workspace.Restricted
		p.note("profile restricted because the namespace enforces Pod Security level restricted; the image needs its own sshd")
	case p.Spec.Profile == "":
		p.Spec.Profile = workspace.Standard
	case p.Spec.Profile != workspace.Restricted && level == levelRestricted:
		return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden,
			fmt.Errorf("profile %s is refused: the namespace enforces Pod Security level restricted", p.Spec.Profile)), "profile restricted is admitted: --profile restricted")
	}
	if p.Spec.Profile != workspace.Full {
		return nil
	}
	p.Spec.Form = formFor(level)
	if p.Spec.Form == workspace.FormBaseline {
		p.note("profile full without capabilities, because the namespace enforces Pod Security level baseline: the system persists; Docker builds and runs without networks of its own")
	}
	return nil
}

// formFor is the form of profile full that a Pod Security level admits.
func formFor(level string) workspace.Form {
	if level == levelBaseline {
		return workspace.FormBaseline
	}
	return workspace.FormPrivileged
}

// checkFull refuses profile full where the cluster is too old for it, or where
// every node says that it cannot make user namespaces. What may not be read is
// left for the node to say.
func (c *Client) checkFull(ctx context.Context, p *Preflight) error {
	if p.Spec.Profile != workspace.Full {
		return nil
	}
	admitted := "profile standard is admitted: --profile standard"
	server, err := c.clientset.Discovery().ServerVersion()
	if err != nil {
		return fmt.Errorf("asking for the cluster's version: %w", c.explain(err))
	}
	minor, err := strconv.Atoi(strings.TrimRight(server.Minor, "+"))
	if server.Major != "1" || err != nil {
		minor = minorImageVolumes // a version that means nothing to us says nothing against it
	}
	switch {
	case minor < minorUserNamespaces:
		return workspace.WithHint(fmt.Errorf("profile full needs Kubernetes 1.%d, this is %s", minorUserNamespaces, workspace.Safe(server.GitVersion)), admitted)
	case p.Spec.Form == workspace.FormBaseline && minor < minorImageVolumes:
		return workspace.WithHint(fmt.Errorf("profile full needs Kubernetes 1.%d in a namespace that enforces Pod Security level baseline, this is %s",
			minorImageVolumes, workspace.Safe(server.GitVersion)), admitted+"; or use a namespace of level privileged")
	}
	nodes, err := c.clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 500})
	if err != nil {
		return nil //nolint:nilerr // developers rarely may list nodes; the node says it when it is asked
	}
	if reason := noUserNamespaces(nodes.Items); reason != nil {
		return workspace.WithHint(reason, admitted)
	}
	return nil
}

// What a node needs for pods in user namespaces whose volumes are idmapped.
const (
	needsRuntime = "containerd 2.0 or CRI-O 1.25, runc 1.2 or crun 1.9, and Linux 6.3"
	needsKernel  = "6.3"
)

// oldestRuntime is the oldest version of a container runtime that serves, by
// the scheme that nodes report it with.
var oldestRuntime = map[string]string{"containerd": "2.0", "cri-o": "1.25"}

// noUserNamespaces returns why no node can run a pod in a user namespace; nil
// where one can, or does not say.
func noUserNamespaces(nodes []corev1.Node) error {
	var because error
	for _, node := range nodes {
		if because = unfit(node.Status); because == nil {
			return nil
		}
	}
	if because == nil {
		return nil
	}
	return fmt.Errorf("profile full needs user namespaces, which no node can make (%w): that takes %s", because, needsRuntime)
}

// unfit is what keeps a node from making user namespaces, as far as it says.
func unfit(s corev1.NodeStatus) error {
	if kernel := s.NodeInfo.KernelVersion; older(kernel, needsKernel) {
		return fmt.Errorf("one runs Linux %s", workspace.Safe(kernel))
	}
	scheme, runtime, _ := strings.Cut(s.NodeInfo.ContainerRuntimeVersion, "://")
	if oldest := oldestRuntime[scheme]; oldest != "" && older(runtime, oldest) {
		return fmt.Errorf("one runs %s %s", scheme, workspace.Safe(runtime))
	}
	for _, handler := range s.RuntimeHandlers {
		if f := handler.Features; f == nil || f.UserNamespaces == nil || *f.UserNamespaces {
			return nil
		}
	}
	if len(s.RuntimeHandlers) == 0 {
		return nil
	}
	return errors.New("container runtimes say so")
}

// older reports whether a version is below the oldest that serves. One that
// cannot be read is not.
func older(is, oldest string) bool {
	v, err := version.ParseGeneric(is)
	return err == nil && v.LessThan(version.MustParseGeneric(oldest))
}
