package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// address is where the workspace's sshd itself is dialled, or why it is not
// yet. What may not be read counts as not there: the objects below say which.
func (i *inventory) address(ctx context.Context, way route.Addressed, inst workspace.Installation) (string, error) {
	own := route.Own{Port: i.port}
	none := "no port yet: through the API server"
	if way.Kind() == route.KindLoadBalancer {
		none = "no address yet: through the API server"
		s, err := i.client.clientset.CoreV1().Services(i.ref.Namespace).Get(ctx, i.ref.BalancerName(), metav1.GetOptions{})
		switch {
		case err == nil:
			own.Host = seeBalancer(s).observed.Address
		case !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err):
			return "", err
		}
	}
	if at := way.Address(inst, own); at != "" {
		return at, nil
	}
	return none, nil
}

// routeState says of an object of the route what the others of its kind do not
// have: the ports that it takes, or the address that the cloud has given.
func (i *inventory) routeState(live *unstructured.Unstructured, err error) (state, detail string) {
	if err != nil {
		return "", ""
	}
	if ports := route.RoutedPorts(live); len(ports) > 0 {
		return "present", "port " + strings.Trim(fmt.Sprint(ports), "[]")
	}
	var s corev1.Service
	if live.GetKind() != "Service" || runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &s) != nil {
		return "present", ""
	}
	if at := seeBalancer(&s).observed.Address; at != "" {
		return "present", at
	}
	return "pending", "the cloud has given no address"
}

// lease lists the claim on the port that the workspace goes by.
func (i *inventory) lease(ctx context.Context) error {
	if i.port == 0 {
		i.objects = append(i.objects, workspace.Object{Kind: "Lease", Name: "berth-port", State: "missing", Detail: "the workspace has no port"})
		return nil
	}
	lease, err := i.client.leases().Get(ctx, route.ClaimName(i.port), metav1.GetOptions{})
	state, detail := "held", ""
	if err == nil {
		switch claim, ok := route.ParseClaim(lease); {
		case !ok:
			state, detail = "not ours", "it says nothing that a claim says"
		case claim.Ref != i.ref:
			state, detail = "not ours", "held by "+claim.Ref.String()
		case claim.UID != i.uid:
			state, detail = "void", "its Deployment is gone"
		}
	}
	return i.add("Lease", route.ClaimName(i.port), lease, err, state, detail)
}
