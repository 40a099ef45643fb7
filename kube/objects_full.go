package kube

// Profile full: a machine of one's own in a user namespace. Its system lives
// in an overlay on the volume, which the boot scripts in assets/workspace make.
// There are two forms, because Pod Security level baseline admits no added
// capability: there, the scripts take what they need in a second namespace, and
// the overlay's lower layer is the image mounted once more.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/berth-sh/berth/workspace"
)

// Where the scripts find the volume and the image.
const (
	volumePath  = "/berth/volume"
	imagePath   = "/berth/image"
	volumeImage = "image"
)

// secureFull sets what profile full may do.
func (b builder) secureFull(pod *corev1.PodSpec) error {
	no, zero := false, int64(0)
	pod.HostUsers = &no
	context := &corev1.SecurityContext{RunAsUser: &zero, RunAsGroup: &zero}
	switch b.spec.Form {
	case workspace.FormPrivileged:
		context.Capabilities = &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"}}
		context.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
		context.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	case workspace.FormBaseline:
		unmasked := corev1.UnmaskedProcMount
		context.ProcMount = &unmasked
	default:
		return workspace.Usagef("the spec names no form of profile full")
	}
	pod.Containers[0].SecurityContext = context
	return nil
}

// mountRoot mounts the whole claim instead of the home alone.
func (b builder) mountRoot(c *corev1.Container) {
	i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == volumeHome })
	c.VolumeMounts[i] = corev1.VolumeMount{Name: volumeHome, MountPath: volumePath}
	if b.spec.Form == workspace.FormBaseline {
		c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volumeImage, MountPath: imagePath, ReadOnly: true})
	}
}

// imageVolume is the image of the container. It is on the node when it is
// mounted, and its pull policy follows the same rules.
func (b builder) imageVolume() corev1.Volume {
	return corev1.Volume{Name: volumeImage, VolumeSource: corev1.VolumeSource{Image: &corev1.ImageVolumeSource{Reference: b.spec.Image}}}
}

// root names the layer of the volume that is over the image: what was changed
// over one image does not fit another.
func (b builder) root() string {
	sum := sha256.Sum256([]byte(b.spec.Image))
	return fmt.Sprintf("%d-%s", b.spec.Root, hex.EncodeToString(sum[:6]))
}
