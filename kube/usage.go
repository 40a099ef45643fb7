package kube

// CPU and memory from the API group metrics.k8s.io, which many clusters lack.
// One request tells all workspaces of a namespace, or of the cluster; its answer
// is small enough to be read by hand, and needs no client of its own.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/berth-sh/berth/workspace"
)

// ErrNoMetrics is returned, wrapped, where the cluster has no metrics or does
// not show them. It is nothing that asking again soon would change.
var ErrNoMetrics = errors.New("no metrics")

// usageTimeout bounds one answer.
const usageTimeout = 5 * time.Second

// podMetrics is the part of a PodMetricsList that is read.
type podMetrics struct {
	Items []struct {
		Metadata struct {
			Name      string            `json:"name"`
			Namespace string            `json:"namespace"`
			Labels    map[string]string `json:"labels"`
		} `json:"metadata"`
		Timestamp  time.Time `json:"timestamp"`
		Containers []struct {
			Usage struct {
				CPU    string `json:"cpu"`
				Memory string `json:"memory"`
			} `json:"usage"`
		} `json:"containers"`
	} `json:"items"`
}

// Usage returns what the pods of the workspaces in a namespace use, "" for all
// namespaces. Where there are no metrics the error wraps [ErrNoMetrics].
func (c *Client) Usage(ctx context.Context, namespace string) (map[workspace.Ref]workspace.Usage, error) {
	ctx, cancel := context.WithTimeout(paced(ctx), usageTimeout)
	defer cancel()
	path := "/apis/metrics.k8s.io/v1beta1/pods"
	if namespace != "" {
		path = "/apis/metrics.k8s.io/v1beta1/namespaces/" + namespace + "/pods"
	}
	raw, err := c.clientset.Discovery().RESTClient().Get().AbsPath(path).
		Param("labelSelector", ownSelector()).SetHeader("Accept", "application/json").Do(ctx).Raw()
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsServiceUnavailable(err), apierrors.IsMethodNotSupported(err):
		return nil, fmt.Errorf("%w: %w", ErrNoMetrics, c.explain(err))
	case err != nil:
		return nil, fmt.Errorf("reading metrics: %w", c.explain(err))
	}
	return parseUsage(raw)
}

// parseUsage reads an answer. What is not understood in it is left out.
func parseUsage(raw []byte) (map[workspace.Ref]workspace.Usage, error) {
	var list podMetrics
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoMetrics, safeError(err))
	}
	out := make(map[workspace.Ref]workspace.Usage, len(list.Items))
	for _, item := range list.Items {
		ref := workspace.Ref{Namespace: workspace.Safe(item.Metadata.Namespace), Name: workspace.Safe(item.Metadata.Labels[workspace.LabelWorkspace])}
		if workspace.ValidateRef(ref) != nil {
			continue
		}
		u := workspace.Usage{At: item.Timestamp}
		for _, k := range item.Containers {
			u.MilliCPU += amount(k.Usage.CPU, true)
			u.Memory += amount(k.Usage.Memory, false)
		}
		if had, ok := out[ref]; !ok || u.At.After(had.At) { // an old pod may still be going
			out[ref] = u
		}
	}
	return out, nil
}

// amount reads a quantity, 0 for what is none.
func amount(s string, milli bool) int64 {
	q, err := resource.ParseQuantity(s)
	switch {
	case err != nil:
		return 0
	case milli:
		return max(0, q.MilliValue())
	}
	return max(0, q.Value())
}
