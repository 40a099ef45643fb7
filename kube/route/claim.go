package route

// Claims on the gateway's ports (kind tcp-port).
//
// Port N is held by whoever created Lease berth-port-N in the gateway's
// namespace: the API server lets one of two creators win, so two laptops never
// get one port. The Lease names the workspace and the UID of its Deployment. A
// UID never comes back, so a claim whose Deployment is gone is void for good,
// and whoever can see that may take it over.

import (
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/berth-sh/berth/workspace"
)

const (
	// claimComponent tells claims from the objects of workspaces.
	claimComponent = "port"
	// annotationHolder is the UID of the Deployment that holds the port.
	annotationHolder = "berth.sh/deployment-uid"
	// PortHeld is in what the admission policy says about a route to a port
	// that another workspace holds.
	PortHeld = "is held by another workspace"
)

// Claim says which workspace holds a port.
type Claim struct {
	Port  int
	Ref   workspace.Ref
	UID   string    // of the Deployment
	Since time.Time // when it was made or taken over
}

// ClaimName is the name of the Lease of a port.
func ClaimName(port int) string { return "berth-port-" + strconv.Itoa(port) }

// ClaimSelector selects all claims of the gateway's namespace.
func ClaimSelector() string { return labels.Set(claimLabels()).String() }

// ClaimsOf selects the claims of one workspace, those of its predecessors of
// the same name included.
func ClaimsOf(ref workspace.Ref) string {
	set := claimLabels()
	set[workspace.LabelWorkspace], set[workspace.LabelNamespace] = ref.Name, ref.Namespace
	return labels.Set(set).String()
}

func claimLabels() map[string]string {
	return map[string]string{workspace.LabelManagedBy: workspace.ManagedBy, workspace.LabelComponent: claimComponent}
}

// Lease returns the object that makes the claim.
func (c Claim) Lease() *coordinationv1.Lease {
	holder, since := c.Ref.String(), metav1.NewMicroTime(c.Since)
	marks := claimLabels()
	marks[workspace.LabelWorkspace], marks[workspace.LabelNamespace] = c.Ref.Name, c.Ref.Namespace
	return &coordinationv1.Lease{
		TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: workspace.GatewayNamespace, Name: ClaimName(c.Port), Labels: marks,
			Annotations: map[string]string{annotationHolder: c.UID},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, AcquireTime: &since},
	}
}

// ParseClaim reads a Lease. ok is false where it says nothing that a claim
// says; its port is taken all the same.
func ParseClaim(l *coordinationv1.Lease) (c Claim, ok bool) {
	number, isPort := strings.CutPrefix(l.Name, "berth-port-")
	port, err := strconv.Atoi(number)
	if !isPort || err != nil || ClaimName(port) != l.Name {
		return Claim{}, false
	}
	c = Claim{Port: port, UID: workspace.Safe(l.Annotations[annotationHolder]), Since: l.CreationTimestamp.Time}
	if l.Spec.AcquireTime != nil {
		c.Since = l.Spec.AcquireTime.Time
	}
	if l.Spec.HolderIdentity == nil || c.UID == "" {
		return c, false
	}
	c.Ref.Namespace, c.Ref.Name, _ = strings.Cut(*l.Spec.HolderIdentity, "/")
	return c, workspace.ValidateRef(c.Ref) == nil
}
