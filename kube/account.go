package kube

// A closer look at one workspace. What is watched anyway comes from the
// watcher; ReplicaSets, events, quotas and the node are asked for here, and
// only for the workspace that somebody looks at.

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// Observed returns what the watcher knows of one workspace; false when it knows
// none of that name.
func (w *Watcher) Observed(ref workspace.Ref) (workspace.Observed, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rows[ref]
	if r == nil || !r.shown {
		return workspace.Observed{}, false
	}
	return w.observe(ref, r, w.config.Now()), true
}

// Account explains a workspace from what a watcher has observed and what is
// read about it now. What cannot be read is missing from it and is in the
// error; the account is of use all the same.
func (c *Client) Account(ctx context.Context, o workspace.Observed) (workspace.Account, error) {
	ctx, cancel := context.WithTimeout(paced(ctx), eventTimeout)
	defer cancel()
	var missing []workspace.Access
	var failed error
	note := func(err error) {
		var access *workspace.AccessError
		switch err = c.explain(err); {
		case errors.As(err, &access):
			missing = append(missing, access.Missing...)
		case failed == nil:
			failed = err
		}
	}
	if o.Deployment != nil {
		sets, err := c.replicaSets(ctx, o.Ref)
		if o.ReplicaSets = sets; err != nil {
			note(err)
		}
	}
	if events, err := c.accountEvents(ctx, o); err == nil {
		o.Events = events
	} else {
		note(err)
	}
	status := workspace.Fold(o)
	if status.Reason == workspace.ReasonQuota {
		quotas, err := c.quotas(ctx, o.Namespace)
		if o.Quotas = quotas; err != nil {
			note(err)
		}
	}
	if name := nodeOf(o); name != "" && !status.Healthy() {
		host, err := c.host(ctx, name)
		if o.Host = host; err != nil {
			note(err)
		}
	}
	account := workspace.Explain(o)
	account.Missing = missing
	return account, failed
}

// replicaSets reads those of a workspace, newest first.
func (c *Client) replicaSets(ctx context.Context, ref workspace.Ref) ([]workspace.ReplicaSet, error) {
	list, err := c.clientset.AppsV1().ReplicaSets(ref.Namespace).List(ctx, metav1.ListOptions{LabelSelector: refSelector(ref)})
	if err != nil {
		return nil, err
	}
	sets := make([]replicaSetSeen, 0, len(list.Items))
	for i := range list.Items {
		sets = append(sets, seeReplicaSet(&list.Items[i]))
	}
	slices.SortFunc(sets, func(a, b replicaSetSeen) int {
		return cmp.Or(cmp.Compare(b.revision, a.revision), b.observed.Created.Compare(a.observed.Created))
	})
	var out []workspace.ReplicaSet
	for _, set := range sets {
		out = append(out, set.observed)
	}
	return out, nil
}

// nodeOf returns the node of the newest pod, "" when there is none.
func nodeOf(o workspace.Observed) string {
	if len(o.Pods) == 0 {
		return ""
	}
	return o.Pods[0].Node
}

// accountEvents reads the events of the objects that a workspace consists of.
func (c *Client) accountEvents(ctx context.Context, o workspace.Observed) ([]workspace.Event, error) {
	var uids []string
	if o.Deployment != nil {
		uids = append(uids, o.Deployment.UID)
	}
	if len(o.ReplicaSets) > 0 {
		uids = append(uids, o.ReplicaSets[0].UID)
	}
	if len(o.Pods) > 0 {
		uids = append(uids, o.Pods[0].UID)
	}
	if o.Claim != nil && o.Claim.Phase != string(corev1.ClaimBound) {
		uids = append(uids, o.Claim.UID)
	}
	if o.Balancer != nil && o.Balancer.Address == "" {
		uids = append(uids, o.Balancer.UID)
	}
	var events []workspace.Event
	for _, uid := range uids {
		of, err := objectEvents(ctx, c.clientset, o.Namespace, uid)
		if err != nil {
			return nil, err
		}
		events = append(events, of...)
	}
	newestFirst(events)
	return events, nil
}

// quotas reads what is used of each resource that has a limit; those with
// nothing left come first.
func (c *Client) quotas(ctx context.Context, namespace string) ([]workspace.Quota, error) {
	list, err := c.clientset.CoreV1().ResourceQuotas(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var out []workspace.Quota
	for i := range list.Items {
		q := &list.Items[i]
		for resource, hard := range q.Status.Hard {
			used := q.Status.Used[resource]
			out = append(out, workspace.Quota{
				Name: workspace.Safe(q.Name), Resource: workspace.Safe(string(resource)), Used: used.String(), Hard: hard.String(), Full: used.Cmp(hard) >= 0,
			})
		}
	}
	slices.SortFunc(out, func(a, b workspace.Quota) int {
		if a.Full != b.Full {
			if a.Full {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name+"\x00"+a.Resource, b.Name+"\x00"+b.Resource)
	})
	return out, nil
}

// host reads a node; one that is gone is none.
func (c *Client) host(ctx context.Context, name string) (*workspace.Node, error) {
	n, err := c.clientset.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there is nothing to say about it
	}
	if err != nil {
		return nil, err
	}
	out := &workspace.Node{Name: workspace.Safe(n.Name), Cordoned: n.Spec.Unschedulable}
	for _, k := range n.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(string(k.Type), k.Status, k.Reason, k.Message, k.LastTransitionTime))
	}
	return out, nil
}
