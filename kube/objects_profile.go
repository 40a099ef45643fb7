package kube

// What each profile lets the pod do, and what an administrator's patch may
// change about the pod.

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"github.com/berth-sh/berth/workspace"
)

// secure sets the security context of the spec's profile. restricted passes
// Pod Security level "restricted", standard passes "baseline", full passes
// "baseline" or "privileged", by its form.
func (b builder) secure(pod *corev1.PodSpec) error {
	yes, no, zero, user := true, false, int64(0), int64(userID)
	runtimeDefault := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	switch b.spec.Profile {
	case workspace.Restricted:
		once := corev1.FSGroupChangeOnRootMismatch
		pod.SecurityContext = &corev1.PodSecurityContext{
			RunAsNonRoot: &yes, RunAsUser: &user, RunAsGroup: &user,
			FSGroup: &user, FSGroupChangePolicy: &once, SeccompProfile: runtimeDefault,
		}
		pod.Containers[0].SecurityContext = &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no,
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}
	case workspace.Standard:
		// No fsGroup: it would let the group read the host key, and sshd as
		// root refuses such a key.
		pod.SecurityContext = &corev1.PodSecurityContext{SeccompProfile: runtimeDefault}
		pod.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: &zero, RunAsGroup: &zero}
	case workspace.Full:
		return b.secureFull(pod)
	case "":
		return workspace.Usagef("the spec names no profile")
	}
	return nil
}

// patched applies the template's strategic-merge patch. It may add and change
// nearly everything; what makes the pod this workspace is put back or asked
// for.
func (b builder) patched(template corev1.PodTemplateSpec) (corev1.PodTemplateSpec, error) {
	if len(b.spec.PodTemplate) == 0 {
		return template, nil
	}
	original, err := json.Marshal(template)
	if err != nil {
		return template, fmt.Errorf("encoding the pod: %w", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(original, b.spec.PodTemplate, corev1.PodTemplateSpec{})
	if err != nil {
		return template, workspace.Usagef("the template's podTemplate cannot be applied: %v", workspace.Safe(err.Error()))
	}
	var out corev1.PodTemplateSpec
	if err := json.Unmarshal(merged, &out); err != nil {
		return template, workspace.Usagef("the template's podTemplate makes no pod: %v", workspace.Safe(err.Error()))
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	maps.Copy(out.Labels, ownLabels(b.ref))
	return out, b.checkPatched(template, out)
}

// checkPatched refuses a patch that takes away what the workspace lives from.
func (b builder) checkPatched(before, after corev1.PodTemplateSpec) error {
	isOurs := func(c corev1.Container) bool { return c.Name == ContainerName }
	i := slices.IndexFunc(after.Spec.Containers, isOurs)
	if i < 0 {
		return workspace.Usagef("the template's podTemplate removes container %q", ContainerName)
	}
	if !slices.Equal(before.Spec.Containers[0].Command, after.Spec.Containers[i].Command) {
		return workspace.WithHint(workspace.Usagef("the template's podTemplate changes the command of container %q", ContainerName),
			"sshd is what the container runs: start programs of your own from the shell's profile, or in another container")
	}
	if !reflect.DeepEqual(before.Spec.HostUsers, after.Spec.HostUsers) && b.spec.Profile == workspace.Full {
		return workspace.Usagef("the template's podTemplate changes hostUsers, which profile full lives in")
	}
	for _, mount := range before.Spec.Containers[0].VolumeMounts {
		same := func(m corev1.VolumeMount) bool { return reflect.DeepEqual(m, mount) }
		if !slices.ContainsFunc(after.Spec.Containers[i].VolumeMounts, same) {
			return workspace.Usagef("the template's podTemplate changes the mount of %s", mount.MountPath)
		}
	}
	for _, volume := range before.Spec.Volumes {
		same := func(v corev1.Volume) bool { return v.Name == volume.Name && sameSource(v, volume) }
		if !slices.ContainsFunc(after.Spec.Volumes, same) {
			return workspace.Usagef("the template's podTemplate changes volume %q", volume.Name)
		}
	}
	return nil
}

// sameSource reports whether two volumes come from the same object.
func sameSource(a, b corev1.Volume) bool {
	switch {
	case b.PersistentVolumeClaim != nil:
		return a.PersistentVolumeClaim != nil && a.PersistentVolumeClaim.ClaimName == b.PersistentVolumeClaim.ClaimName
	case b.Secret != nil:
		return a.Secret != nil && a.Secret.SecretName == b.Secret.SecretName
	case b.Image != nil:
		return reflect.DeepEqual(a.Image, b.Image)
	case b.ConfigMap != nil:
		return a.ConfigMap != nil && a.ConfigMap.Name == b.ConfigMap.Name
	}
	return false
}
