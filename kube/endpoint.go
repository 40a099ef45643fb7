package kube

// Whether a workspace's Service leads to its pod.

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berth-sh/berth/workspace"
)

// Endpoint says where the workspace's Service leads: "port 22 → 10.0.0.7:2222".
// A Service that is missing, that selects nothing, or whose pod is not ready is
// an error with the next step.
func (c *Client) Endpoint(ctx context.Context, ref workspace.Ref) (string, error) {
	service, err := c.clientset.CoreV1().Services(ref.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, fmt.Errorf("there is no Service %s", ref.Name)),
			"made again, with the same home, by: berth delete "+ref.Name+" and berth restore "+ref.Name)
	}
	if err != nil {
		return "", fmt.Errorf("reading Service %s: %w", ref.Name, c.explain(err))
	}
	ports := service.Spec.Ports
	if len(ports) == 0 || len(service.Spec.Selector) == 0 {
		return "", workspace.WithHint(fmt.Errorf("Service %s leads nowhere: it has no port or no selector", ref.Name), //nolint:staticcheck // ST1005: a kind's name
			"made again, with the same home, by: berth delete "+ref.Name+" and berth restore "+ref.Name)
	}
	targets, err := c.targets(ctx, service)
	if err != nil {
		return "", err
	}
	if len(targets) == 0 {
		return "", workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, fmt.Errorf("the Service %s has no ready pod", ref.Name)),
			"berth why "+ref.Name+" -n "+ref.Namespace)
	}
	return fmt.Sprintf("Service %s port %d → %s", ref.Name, ports[0].Port, targets[0]), nil
}

// targets are the ready addresses behind a Service: from its EndpointSlices, or
// where these may not be read, from its pods.
func (c *Client) targets(ctx context.Context, service *corev1.Service) ([]string, error) {
	slicesOf := metav1.ListOptions{LabelSelector: labels.Set{discoveryv1.LabelServiceName: service.Name}.String()}
	list, err := c.clientset.DiscoveryV1().EndpointSlices(service.Namespace).List(ctx, slicesOf)
	if err == nil && len(list.Items) > 0 {
		return readyAddresses(list.Items), nil
	}
	if err != nil && !apierrors.IsForbidden(err) {
		return nil, fmt.Errorf("reading endpoints: %w", c.explain(err))
	}
	pods, err := c.clientset.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.Set(service.Spec.Selector).String()})
	if err != nil {
		return nil, fmt.Errorf("reading pods: %w", c.explain(err))
	}
	var ready []string
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, isReady) {
			ready = append(ready, "pod "+workspace.Safe(pod.Name))
		}
	}
	return ready, nil
}

func readyAddresses(all []discoveryv1.EndpointSlice) []string {
	var ready []string
	for _, slice := range all {
		port := ""
		if len(slice.Ports) > 0 && slice.Ports[0].Port != nil {
			port = fmt.Sprintf(":%d", *slice.Ports[0].Port)
		}
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				for _, address := range e.Addresses {
					ready = append(ready, workspace.Safe(address)+port)
				}
			}
		}
	}
	return ready
}
