package kube

// The objects of a workspace, made from its spec by pure functions: the same
// input gives the same bytes, which is what server-side apply and the diff of
// an edit rely on.

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berth-sh/berth/assets"
	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// Objects are all objects of one workspace, in the order in which they are
// created.
type Objects struct {
	Secret     *corev1.Secret
	Claim      *corev1.PersistentVolumeClaim
	Boot       *corev1.ConfigMap
	Service    *corev1.Service
	PDB        *policyv1.PodDisruptionBudget // nil when evictions are allowed
	Deployment *appsv1.Deployment            // without replicas: they belong to another field manager
	Route      []runtime.Object
}

// Build makes the objects of a workspace from a complete spec. The claim asks
// for ReadWriteOnce; the caller changes that where the storage can do better.
// Errors are of kind ErrUsage.
func Build(ref workspace.Ref, spec workspace.Spec, id Identity, inst workspace.Installation) (Objects, error) {
	if err := workspace.ValidateRef(ref); err != nil {
		return Objects{}, err
	}
	if err := spec.Validate(); err != nil {
		return Objects{}, err
	}
	kept, err := spec.Keep()
	if err != nil {
		return Objects{}, err
	}
	b := builder{ref: ref, spec: spec, id: id, kept: kept}
	o := Objects{Secret: b.secret(), Boot: b.boot(), Service: b.service()}
	if o.Claim, err = b.claim(); err != nil {
		return Objects{}, err
	}
	if o.Deployment, err = b.deployment(); err != nil {
		return Objects{}, err
	}
	if !spec.NoPDB && inst.Evictions != "allow" {
		o.PDB = b.pdb()
	}
	way, err := route.For(inst)
	if err != nil {
		return Objects{}, err
	}
	if o.Route, err = way.Objects(ref, inst); err != nil {
		return Objects{}, fmt.Errorf("making the route: %w", err)
	}
	return o, nil
}

// On makes the route that of a workspace which holds a port of the gateway; 0
// and a kind without ports change nothing.
func (o *Objects) On(ref workspace.Ref, inst workspace.Installation, port int) error {
	way, ok := ported(inst)
	if !ok || port == 0 {
		return nil
	}
	made, err := way.On(port).Objects(ref, inst)
	if err != nil {
		return fmt.Errorf("making the route: %w", err)
	}
	o.Route = made
	return nil
}

// builder holds what every object is made from.
type builder struct {
	ref  workspace.Ref
	spec workspace.Spec
	id   Identity
	kept string // the spec's annotation
}

// labels are on every object and on the pod; the spec's own come first so that
// they never replace ours.
func (b builder) labels() map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, b.spec.Labels)
	maps.Copy(labels, ownLabels(b.ref))
	return labels
}

// ownLabels are what a workspace's objects are found by.
func ownLabels(ref workspace.Ref) map[string]string {
	return map[string]string{
		workspace.LabelManagedBy: workspace.ManagedBy,
		workspace.LabelComponent: workspace.Component,
		workspace.LabelWorkspace: ref.Name,
	}
}

// selector selects the pod. It can never change, so it holds only what is
// part of the workspace's identity.
func (b builder) selector() map[string]string {
	return map[string]string{
		workspace.LabelComponent: workspace.Component,
		workspace.LabelWorkspace: b.ref.Name,
	}
}

func (b builder) meta(name string, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: b.ref.Namespace, Labels: b.labels(), Annotations: annotations}
}

func typeMeta(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

func (b builder) secret() *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   typeMeta("v1", "Secret"),
		ObjectMeta: b.meta(b.ref.SecretName(), nil),
		Type:       corev1.SecretTypeOpaque,
		Data: map[string][]byte{
			secretHostKey:        b.id.HostKey,
			secretHostPublic:     []byte(b.id.HostPublic + "\n"),
			secretAuthorizedKeys: b.id.authorizedFile(),
		},
	}
}

func (b builder) claim() (*corev1.PersistentVolumeClaim, error) {
	size, err := quantity("disk", b.spec.Disk)
	if err != nil {
		return nil, err
	}
	claim := &corev1.PersistentVolumeClaim{
		TypeMeta:   typeMeta("v1", "PersistentVolumeClaim"),
		ObjectMeta: b.meta(b.ref.ClaimName(), b.annotations()),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
	if b.spec.StorageClass != "" {
		claim.Spec.StorageClassName = &b.spec.StorageClass
	}
	return claim, nil
}

// annotations are those of claim and Deployment: what was asked for, and the
// host key for people who may not read the Secret.
func (b builder) annotations() map[string]string {
	return map[string]string{workspace.AnnotationSpec: b.kept, workspace.AnnotationHostKey: b.id.HostPublic}
}

func (b builder) boot() *corev1.ConfigMap {
	data := assets.Boot(string(b.spec.Profile))
	if b.spec.Profile == workspace.Restricted {
		data["passwd"], data["group"] = b.passwd(), b.group()
	}
	return &corev1.ConfigMap{TypeMeta: typeMeta("v1", "ConfigMap"), ObjectMeta: b.meta(b.ref.BootName(), nil), Data: data}
}

// passwd names the one user of profile restricted, which cannot add it to the
// image's own file. sshd lets nobody in whom it cannot look up.
func (b builder) passwd() string {
	return "root:x:0:0:root:/root:/bin/sh\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" +
		fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", b.spec.User, userID, userID, b.home())
}

// group needs tty with the number that container runtimes give to terminals:
// an unprivileged sshd cannot change a terminal's group.
func (b builder) group() string {
	return "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n" + fmt.Sprintf("%s:x:%d:\n", b.spec.User, userID)
}

func (b builder) service() *corev1.Service {
	protocol := "tcp"
	return &corev1.Service{
		TypeMeta:   typeMeta("v1", "Service"),
		ObjectMeta: b.meta(b.ref.Name, nil),
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: b.selector(),
			Ports: []corev1.ServicePort{{
				Name: "tcp-ssh", Protocol: corev1.ProtocolTCP, AppProtocol: &protocol,
				Port: int32(b.spec.ServicePort), TargetPort: intstr.FromInt32(workspace.SSHPort),
			}},
		},
	}
}

// pdb makes a node drain wait for the person who works there. A pod that is
// not healthy may always be evicted: nobody works in it.
func (b builder) pdb() *policyv1.PodDisruptionBudget {
	none, always := intstr.FromInt32(0), policyv1.AlwaysAllow
	return &policyv1.PodDisruptionBudget{
		TypeMeta:   typeMeta("policy/v1", "PodDisruptionBudget"),
		ObjectMeta: b.meta(b.ref.Name, nil),
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable:             &none,
			UnhealthyPodEvictionPolicy: &always,
			Selector:                   &metav1.LabelSelector{MatchLabels: b.selector()},
		},
	}
}

// quantity parses what the spec's grammar let through; a few strings fit the
// grammar and no quantity.
func quantity(field, value string) (resource.Quantity, error) {
	q, err := resource.ParseQuantity(value)
	if err != nil {
		return q, workspace.Usagef("%s %q is not a quantity: %v", field, workspace.Safe(value), err)
	}
	if q.Sign() <= 0 {
		return q, workspace.Usagef("%s %q is not positive", field, workspace.Safe(value))
	}
	return q, nil
}
