package kube

// The objects behind a workspace, for people who want to look under the hood.
// What may not be read is listed as such: a missing permission is not a
// missing object.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// Objects lists the workspace's objects and their state. Only an API server
// that does not answer makes it fail.
func (c *Client) Objects(ctx context.Context, ref workspace.Ref) ([]workspace.Object, error) {
	i := inventory{client: c, ref: ref, now: c.now().Add(c.Skew())}
	for _, read := range []func(context.Context) error{
		i.deployment, i.replicaSets, i.pods, i.claim, i.service, i.boot, i.pdb, i.secret, i.route,
	} {
		if err := read(ctx); err != nil {
			return i.objects, fmt.Errorf("reading the objects of %s: %w", ref.Name, c.explain(err))
		}
	}
	return i.objects, nil
}

type inventory struct {
	client  *Client
	ref     workspace.Ref
	now     time.Time
	objects []workspace.Object

	uid  string // of the Deployment, once it has been read
	port int    // that it goes by; 0 is none
}

// add lists one object, or why it is not there; it returns only errors that
// concern everything.
func (i *inventory) add(kind, name string, m metav1.Object, err error, state, detail string) error {
	o := workspace.Object{Kind: kind, Name: workspace.Safe(name), State: workspace.Safe(state), Detail: workspace.Safe(detail)}
	switch {
	case err == nil:
		o.Age = max(0, i.now.Sub(m.GetCreationTimestamp().Time))
		if m.GetDeletionTimestamp() != nil {
			o.State = "terminating"
		}
	case apierrors.IsNotFound(err):
		o.State, o.Detail = "missing", ""
	case apierrors.IsForbidden(err):
		o.State, o.Detail = "no permission", ""
	default:
		return err
	}
	i.objects = append(i.objects, o)
	return nil
}

func (i *inventory) deployment(ctx context.Context) error {
	d, err := i.client.clientset.AppsV1().Deployments(i.ref.Namespace).Get(ctx, i.ref.Name, metav1.GetOptions{})
	state := ""
	if err == nil {
		state = fmt.Sprintf("%d/%d ready", d.Status.ReadyReplicas, replicas(d.Spec.Replicas))
		i.uid, i.port = string(d.UID), portOf(d)
	}
	return i.add("Deployment", i.ref.Name, d, err, state, "")
}

func replicas(n *int32) int32 {
	if n == nil {
		return 1
	}
	return *n
}

func (i *inventory) replicaSets(ctx context.Context) error {
	list, err := i.client.clientset.AppsV1().ReplicaSets(i.ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: refSelector(i.ref)})
	if err != nil {
		return i.add("ReplicaSet", i.ref.Name, nil, err, "", "")
	}
	slices.SortFunc(list.Items, func(a, b appsv1.ReplicaSet) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for n := range list.Items {
		rs := &list.Items[n]
		detail := ""
		for _, c := range rs.Status.Conditions {
			if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
				detail = c.Message
			}
		}
		state := fmt.Sprintf("%d/%d ready", rs.Status.ReadyReplicas, replicas(rs.Spec.Replicas))
		if err := i.add("ReplicaSet", rs.Name, rs, nil, state, detail); err != nil {
			return err
		}
	}
	return nil
}

func (i *inventory) pods(ctx context.Context) error {
	list, err := i.client.clientset.CoreV1().Pods(i.ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: refSelector(i.ref)})
	if err != nil {
		return i.add("Pod", i.ref.Name, nil, err, "", "")
	}
	slices.SortFunc(list.Items, func(a, b corev1.Pod) int { return b.CreationTimestamp.Compare(a.CreationTimestamp.Time) })
	for n := range list.Items {
		p := &list.Items[n]
		if err := i.add("Pod", p.Name, p, nil, cmp.Or(p.Status.Reason, string(p.Status.Phase)), p.Spec.NodeName); err != nil {
			return err
		}
	}
	return nil
}

func (i *inventory) claim(ctx context.Context) error {
	pvc, err := i.client.clientset.CoreV1().PersistentVolumeClaims(i.ref.Namespace).Get(ctx, i.ref.ClaimName(), metav1.GetOptions{})
	state, detail := "", ""
	if err == nil {
		state = string(pvc.Status.Phase)
		if q, ok := pvc.Status.Capacity[corev1.ResourceStorage]; ok {
			detail = q.String()
		}
		if pvc.Spec.StorageClassName != nil {
			detail += " " + *pvc.Spec.StorageClassName
		}
	}
	return i.add("PersistentVolumeClaim", i.ref.ClaimName(), pvc, err, state, detail)
}

func (i *inventory) service(ctx context.Context) error {
	s, err := i.client.clientset.CoreV1().Services(i.ref.Namespace).Get(ctx, i.ref.Name, metav1.GetOptions{})
	detail := ""
	if err == nil && len(s.Spec.Ports) > 0 {
		detail = fmt.Sprintf("port %d → %s", s.Spec.Ports[0].Port, s.Spec.Ports[0].TargetPort.String())
	}
	return i.add("Service", i.ref.Name, s, err, "present", detail)
}

func (i *inventory) boot(ctx context.Context) error {
	m, err := i.client.clientset.CoreV1().ConfigMaps(i.ref.Namespace).Get(ctx, i.ref.BootName(), metav1.GetOptions{})
	return i.add("ConfigMap", i.ref.BootName(), m, err, "present", "")
}

func (i *inventory) pdb(ctx context.Context) error {
	p, err := i.client.clientset.PolicyV1().PodDisruptionBudgets(i.ref.Namespace).Get(ctx, i.ref.Name, metav1.GetOptions{})
	return i.add("PodDisruptionBudget", i.ref.Name, p, err, "present", drains(p, err))
}

func drains(p *policyv1.PodDisruptionBudget, err error) string {
	if err == nil && p.Spec.MaxUnavailable != nil && p.Spec.MaxUnavailable.IntValue() == 0 {
		return "a node drain waits for this workspace"
	}
	return ""
}

// secret looks only whether it is there; its content stays where it is.
func (i *inventory) secret(ctx context.Context) error {
	s, err := i.client.clientset.CoreV1().Secrets(i.ref.Namespace).Get(ctx, i.ref.SecretName(), metav1.GetOptions{})
	return i.add("Secret", i.ref.SecretName(), s, err, "present", "")
}
