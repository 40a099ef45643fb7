package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// checkLimits refuses amounts outside the namespace's LimitRanges, which the
// cluster itself would say only on the ReplicaSet, after everything is written.
func (c *Client) checkLimits(ctx context.Context, namespace string, built Objects, p *Preflight) error {
	ranges, err := c.clientset.CoreV1().LimitRanges(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		if apierrors.IsForbidden(err) {
			p.note("limit ranges may not be read; the cluster may still refuse")
			return nil
		}
		return fmt.Errorf("reading limit ranges: %w", c.explain(err))
	}
	var outside []string
	for _, r := range ranges.Items {
		for _, limit := range r.Spec.Limits {
			switch limit.Type {
			case corev1.LimitTypeContainer, corev1.LimitTypePod:
				outside = append(outside, beyond(limit, built.Deployment.Spec.Template.Spec.Containers[0].Resources.Limits)...)
			case corev1.LimitTypePersistentVolumeClaim:
				outside = append(outside, beyond(limit, built.Claim.Spec.Resources.Requests)...)
			}
		}
	}
	if len(outside) == 0 {
		return nil
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrUsage, fmt.Errorf("a LimitRange of namespace %s refuses it: %s", namespace, strings.Join(outside, "; "))),
		"ask for an amount within the range")
}

// beyond lists the amounts that are outside one limit.
func beyond(limit corev1.LimitRangeItem, asked corev1.ResourceList) []string {
	var out []string
	for name, want := range asked {
		if most, ok := limit.Max[name]; ok && want.Cmp(most) > 0 {
			out = append(out, fmt.Sprintf("%s %s is more than %s", name, want.String(), most.String()))
		}
		if least, ok := limit.Min[name]; ok && want.Cmp(least) < 0 {
			out = append(out, fmt.Sprintf("%s %s is less than %s", name, want.String(), least.String()))
		}
	}
	return out
}
