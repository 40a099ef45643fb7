package kube

// From cluster objects to what the fold reads. This is the gate for text:
// every string passes workspace.Safe here, whether or not it can be hostile.

import (
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/berth-sh/berth/workspace"
)

// deploymentSeen is what is kept of a Deployment.
type deploymentSeen struct {
	observed workspace.Deployment
	spec     workspace.Spec
	hostKey  string
	port     int  // of the gateway; 0 where it has none
	own      bool // it has the name of its workspace
}

// claimSeen is what is kept of a claim.
type claimSeen struct {
	observed   workspace.Claim
	spec       workspace.Spec
	hostKey    string
	succession string
	own        bool // it has the name of its workspace's
}

func (k *specs) seeDeployment(d *appsv1.Deployment) deploymentSeen {
	seen := deploymentSeen{
		observed: workspace.Deployment{
			Name: workspace.Safe(d.Name), UID: workspace.Safe(string(d.UID)), Created: d.CreationTimestamp.Time,
			Replicas: 1, ReadyReplicas: int(d.Status.ReadyReplicas), Terminating: d.DeletionTimestamp != nil,
		},
		spec:    k.specSeen(d),
		hostKey: workspace.Safe(d.Annotations[workspace.AnnotationHostKey]),
		port:    portOf(d),
		own:     d.Name == d.Labels[workspace.LabelWorkspace],
	}
	if d.Spec.Replicas != nil {
		seen.observed.Replicas = int(*d.Spec.Replicas)
	}
	for _, c := range d.Status.Conditions {
		seen.observed.Conditions = append(seen.observed.Conditions,
			condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	return seen
}

// specSeen is SpecOf for the screen: where the kept spec cannot be read, what
// the pod asks for is still known, and whoever edits or restores says why.
func (k *specs) specSeen(d *appsv1.Deployment) workspace.Spec {
	spec, err := k.parse(d.Annotations[workspace.AnnotationSpec])
	if err == nil {
		correctSpec(&spec, d, nil)
	} else {
		for _, c := range d.Spec.Template.Spec.Containers {
			if c.Name == ContainerName {
				spec = workspace.Spec{Image: c.Image}
			}
		}
	}
	spec.Image, spec.CPU, spec.Memory = shared(spec.Image), shared(spec.CPU), shared(spec.Memory)
	return spec
}

// keptSpec reads the annotation; a spec that cannot be read is empty here, and
// whoever restores from it says why.
func (k *specs) keptSpec(annotations map[string]string) workspace.Spec {
	kept := annotations[workspace.AnnotationSpec]
	if kept == "" {
		return workspace.Spec{}
	}
	spec, err := k.parse(kept)
	if err != nil {
		return workspace.Spec{}
	}
	return spec
}

// safeSpec makes a kept spec fit for the screen. Names that could never have
// been accepted lose what is dangerous; nothing is written back from here.
func safeSpec(s workspace.Spec) workspace.Spec {
	for _, field := range []*string{&s.Template, &s.Image, &s.CPU, &s.Memory, &s.Disk, &s.User, &s.StorageClass, &s.ServiceAccount} {
		*field = workspace.Safe(*field)
	}
	s.Profile = workspace.Profile(workspace.Safe(string(s.Profile)))
	s.Env, s.Labels, s.NodeSelector = safeMap(s.Env), safeMap(s.Labels), safeMap(s.NodeSelector)
	s.EnvFrom, s.ImagePullSecrets = safeList(s.EnvFrom), safeList(s.ImagePullSecrets)
	for i, t := range s.Tolerations {
		s.Tolerations[i] = workspace.Toleration{Key: workspace.Safe(t.Key), Value: workspace.Safe(t.Value), Effect: workspace.Safe(t.Effect)}
	}
	return s
}

func safeMap(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[workspace.Safe(k)] = workspace.Safe(v)
	}
	return out
}

func safeList(list []string) []string {
	for i, s := range list {
		list[i] = workspace.Safe(s)
	}
	return list
}

func seeReplicaSet(rs *appsv1.ReplicaSet) replicaSetSeen {
	seen := replicaSetSeen{observed: workspace.ReplicaSet{Name: workspace.Safe(rs.Name), UID: workspace.Safe(string(rs.UID)), Created: rs.CreationTimestamp.Time}}
	// A rollback reuses an old ReplicaSet, so the revision tells the newest.
	if n, err := strconv.Atoi(rs.Annotations["deployment.kubernetes.io/revision"]); err == nil {
		seen.revision = n
	}
	for _, c := range rs.Status.Conditions {
		seen.observed.Conditions = append(seen.observed.Conditions,
			condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	return seen
}

// replicaSetSeen is what is kept of a ReplicaSet.
type replicaSetSeen struct {
	observed workspace.ReplicaSet
	revision int
}

func (k *specs) seeClaim(c *corev1.PersistentVolumeClaim) claimSeen {
	seen := claimSeen{
		observed: workspace.Claim{
			Name: workspace.Safe(c.Name), UID: workspace.Safe(string(c.UID)), Created: c.CreationTimestamp.Time,
			Phase: workspace.Safe(string(c.Status.Phase)), Deleted: c.Labels[workspace.LabelDeleted] == "true",
			Terminating: c.DeletionTimestamp != nil,
		},
		spec:       k.keptSpec(c.Annotations),
		hostKey:    workspace.Safe(c.Annotations[workspace.AnnotationHostKey]),
		succession: workspace.SafeText(c.Annotations[workspace.AnnotationSucceeds]),
		own:        c.Name == refOf(c).ClaimName(),
	}
	correct(&seen.spec.Disk, c.Spec.Resources.Requests, corev1.ResourceStorage)
	if c.Spec.StorageClassName != nil {
		seen.observed.StorageClass = workspace.Safe(*c.Spec.StorageClassName)
	}
	if q, ok := c.Status.Capacity[corev1.ResourceStorage]; ok {
		seen.observed.Capacity = q.String()
	}
	if at, err := time.Parse(time.RFC3339, c.Annotations[workspace.AnnotationDeletedAt]); err == nil {
		seen.observed.DeletedAt = at
	}
	return seen
}

// balancerSeen is what is kept of a Service.
type balancerSeen struct {
	observed workspace.Balancer
	own      bool // it has the name of its workspace's
}

// seeBalancer takes the first address that can be dialled. A load balancer
// with several names them in the order in which they are to be tried.
func seeBalancer(s *corev1.Service) balancerSeen {
	seen := workspace.Balancer{Name: workspace.Safe(s.Name), UID: workspace.Safe(string(s.UID)), Created: s.CreationTimestamp.Time}
	for _, at := range s.Status.LoadBalancer.Ingress {
		for _, address := range []string{at.IP, at.Hostname} {
			if seen.Address == "" && hostGrammar.MatchString(address) {
				seen.Address = address
			}
		}
	}
	return balancerSeen{seen, s.Name == refOf(s).BalancerName()}
}

func condition(kind string, status corev1.ConditionStatus, reason, message string, since metav1.Time) workspace.Condition {
	return workspace.Condition{
		Type: shared(kind), True: status == corev1.ConditionTrue, Reason: shared(reason), Message: shared(message), Since: since.Time,
	}
}

// seeEvent converts an event of the core API.
func seeEvent(e *corev1.Event) workspace.Event {
	at, first := e.LastTimestamp.Time, e.FirstTimestamp.Time
	count := int(e.Count)
	if e.Series != nil {
		at, count = e.Series.LastObservedTime.Time, int(e.Series.Count)
	}
	if at.IsZero() {
		at = e.EventTime.Time
	}
	if at.IsZero() {
		at = e.CreationTimestamp.Time
	}
	for _, earlier := range []time.Time{e.EventTime.Time, e.CreationTimestamp.Time} {
		if first.IsZero() {
			first = earlier
		}
	}
	return workspace.Event{
		Time: at, First: first, Type: workspace.Safe(e.Type), Reason: workspace.Safe(e.Reason),
		Object:  workspace.Safe(e.InvolvedObject.Kind + "/" + e.InvolvedObject.Name),
		Message: workspace.Safe(e.Message), Count: max(1, count),
	}
}
