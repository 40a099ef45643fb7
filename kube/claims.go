package kube

// Which of the gateway's ports a workspace has (kind tcp-port).
//
// Two things decide, each of them atomic. A Lease says who holds a port: the
// API server lets one of two creators win. The annotation berth.sh/port of the
// Deployment says which port the workspace goes by: it is written only while
// the Deployment is as it was read, so two runs that continue the same create
// end with the same port. A route is written after both, and removed before
// either; so no port ever leads to a workspace that does not hold it.
//
// A claim ends with the workspace. One that was left over, because somebody
// removed the Deployment or the namespace by other means, is taken over by
// whoever needs a port and may see that it is void.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	coordination "k8s.io/client-go/kubernetes/typed/coordination/v1"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// ErrNoPort is returned, wrapped, where every port of the gateway is held. It
// is of kind ErrConflict too.
var ErrNoPort = errors.New("no port of the gateway is free")

// seeker looks for the port of one workspace.
type seeker struct {
	c         *Client
	ports     workspace.Ports
	ref       workspace.Ref
	uid       string // of the Deployment
	prefer    int    // the port that it had before, or 0
	operation string // marks a new claim, so that undo finds it; may be ""

	claimed []int // what this run has claimed
}

// ported returns the installation's kind where that gives each workspace a
// port.
func ported(inst workspace.Installation) (route.Ported, bool) {
	way, err := route.For(inst)
	if err != nil {
		return nil, false
	}
	p, ok := way.(route.Ported)
	return p, ok
}

func (c *Client) leases() coordination.LeaseInterface {
	return c.clientset.CoordinationV1().Leases(workspace.GatewayNamespace)
}

// portOf returns the port that a Deployment goes by, or a claim went by; 0 is
// none.
func portOf(o metav1.Object) int {
	port, err := strconv.Atoi(o.GetAnnotations()[workspace.AnnotationPort])
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}

// take returns the workspace's port, claiming one where it has none.
func (s *seeker) take(ctx context.Context) (int, error) {
	for range ownAttempts {
		deployment, err := s.c.deployment(ctx, s.ref, s.uid)
		if err != nil {
			return 0, err
		}
		decided := portOf(deployment)
		port, err := s.hold(ctx, decided)
		if err != nil {
			return 0, err
		}
		if port == decided {
			return port, s.giveBack(ctx, port)
		}
		switch err := s.decide(ctx, deployment, port); {
		case err == nil:
			return port, s.giveBack(ctx, port)
		case !errors.Is(err, workspace.ErrConflict):
			return 0, err
		}
	}
	return 0, workspace.WithKind(workspace.ErrConflict, fmt.Errorf("%s changes all the time", title(deploymentOf(s.ref))))
}

// decide writes down which port the workspace goes by, unless the Deployment
// has changed meanwhile: somebody else may have decided.
func (s *seeker) decide(ctx context.Context, deployment *unstructured.Unstructured, port int) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": deployment.GetUID(), "resourceVersion": deployment.GetResourceVersion(),
		"annotations": map[string]string{workspace.AnnotationPort: strconv.Itoa(port)},
	}})
	if err != nil {
		return fmt.Errorf("encoding the port: %w", err)
	}
	return s.c.merge(ctx, deployment, patch, stateManager)
}

// giveBack frees what this run has claimed and the workspace does not go by.
func (s *seeker) giveBack(ctx context.Context, port int) error {
	for _, other := range s.claimed {
		if other == port {
			continue
		}
		lease, err := s.c.leases().Get(ctx, route.ClaimName(other), metav1.GetOptions{})
		if err != nil {
			return s.c.explain(err)
		}
		if s.holds(lease) {
			if err := s.c.free(ctx, lease); err != nil {
				return err
			}
		}
	}
	s.claimed = nil
	return nil
}

// holds reports whether a Lease is this workspace's claim.
func (s *seeker) holds(lease *coordinationv1.Lease) bool {
	claim, ok := route.ParseClaim(lease)
	return ok && claim.Ref == s.ref && claim.UID == s.uid
}

// claim is what s wants of a port.
func (s *seeker) claim(port int) *coordinationv1.Lease {
	lease := route.Claim{Port: port, Ref: s.ref, UID: s.uid, Since: s.c.now().Add(s.c.Skew())}.Lease()
	if s.operation != "" {
		lease.Annotations[annotationOperation] = s.operation
	}
	return lease
}

// hold returns a port that the workspace holds: the one that was decided, else
// one that it holds already, else a new one.
func (s *seeker) hold(ctx context.Context, decided int) (int, error) {
	taken, err := s.c.claims(ctx)
	if err != nil {
		return 0, err
	}
	var own, void []int // of this workspace, and of a predecessor of its name
	for port, lease := range taken {
		claim, ok := route.ParseClaim(lease)
		switch {
		case !ok || claim.Ref != s.ref || !s.ports.Has(port):
		case claim.UID == s.uid:
			own = append(own, port)
		default:
			void = append(void, port) // there is one Deployment of a name, and it is ours
		}
	}
	if slices.Contains(own, decided) {
		return decided, nil
	}
	if len(own) > 0 {
		return slices.Min(own), nil
	}
	slices.Sort(void)
	for _, port := range void {
		if ok, err := s.takeOver(ctx, taken[port]); ok || err != nil {
			return port, err
		}
	}
	for _, port := range s.order(decided) {
		if taken[port] != nil {
			continue
		}
		if ok, err := s.create(ctx, port); ok || err != nil {
			return port, err
		}
	}
	for _, port := range s.order(decided) {
		lease := taken[port]
		if lease == nil || !s.c.void(ctx, lease) {
			continue
		}
		if ok, err := s.takeOver(ctx, lease); ok || err != nil {
			return port, err
		}
	}
	return 0, noPort(s.ports)
}

// order lists the ports in the order in which they are tried: those that the
// workspace had first, then all from a place of its own, so that many who seek
// at once do not all seek the same, and whoever returns finds its old one.
func (s *seeker) order(decided int) []int {
	var out []int
	for _, port := range []int{decided, s.prefer} {
		if s.ports.Has(port) && !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.ref.String())) // a hash takes everything
	n := s.ports.Count()
	for i := range n {
		port := s.ports.First + (int(h.Sum32()%uint32(n))+i)%n
		if !slices.Contains(out, port) {
			out = append(out, port)
		}
	}
	return out
}

// create claims a free port; ok is false where somebody else was faster.
func (s *seeker) create(ctx context.Context, port int) (ok bool, err error) {
	bounded, cancel := s.c.write(ctx)
	defer cancel()
	_, err = s.c.leases().Create(bounded, s.claim(port), metav1.CreateOptions{FieldManager: workspace.FieldManager})
	switch {
	case err == nil:
		s.claimed = append(s.claimed, port)
		return true, nil
	case !apierrors.IsAlreadyExists(err) && !unknownOutcome(err):
		return false, fmt.Errorf("claiming port %d: %w", port, s.c.explain(err))
	}
	return s.won(ctx, port, err)
}

// takeOver claims a port whose claim is void. It writes over exactly the Lease
// that was seen, so of two who see it one wins, and at no moment is the port
// free.
func (s *seeker) takeOver(ctx context.Context, seen *coordinationv1.Lease) (ok bool, err error) {
	old, _ := route.ParseClaim(seen)
	next := s.claim(old.Port)
	next.UID, next.ResourceVersion = seen.UID, seen.ResourceVersion
	bounded, cancel := s.c.write(ctx)
	defer cancel()
	_, err = s.c.leases().Update(bounded, next, metav1.UpdateOptions{FieldManager: workspace.FieldManager})
	switch {
	case err == nil:
		s.claimed = append(s.claimed, old.Port)
		return true, nil
	case apierrors.IsConflict(err), apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return false, nil // changed meanwhile, or not for this user to take
	case !unknownOutcome(err):
		return false, fmt.Errorf("taking over port %d: %w", old.Port, s.c.explain(err))
	}
	return s.won(ctx, old.Port, err)
}

// won looks who holds a port after a write whose outcome is not known. The
// claim of another run for the same Deployment is as good as one's own.
func (s *seeker) won(ctx context.Context, port int, cause error) (bool, error) {
	lease, err := s.c.leases().Get(ctx, route.ClaimName(port), metav1.GetOptions{})
	switch {
	case err == nil && s.holds(lease):
		return true, nil
	case err == nil, apierrors.IsNotFound(err) && apierrors.IsAlreadyExists(cause):
		return false, nil
	}
	return false, fmt.Errorf("claiming port %d: %w", port, s.c.explain(cause))
}

// noPort says that every port is held.
func noPort(ports workspace.Ports) error {
	err := fmt.Errorf("%w: all %d (%s) are held", ErrNoPort, ports.Count(), ports)
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, err),
		"delete a workspace, or ask an administrator: berth gateway check names claims whose workspace is gone, berth gateway manifest --ports makes more")
}
