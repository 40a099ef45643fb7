package kube

// The Deployment and its pod.

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/berth-sh/berth/workspace"
)

// ContainerName is the container that runs sshd.
const ContainerName = "workspace"

// The script that it runs, and the one that is its startup probe, whatever the
// image.
const (
	entrypoint = "/etc/berth/boot/entrypoint.sh"
	started    = "/etc/berth/boot/started.sh"
)

// userID is the login user's number in every profile, so that a home can move
// from one profile to another.
const userID = 1000

const gpuResource corev1.ResourceName = workspace.GPUResource

// graceSeconds is how long a pod may take to end.
const graceSeconds = 30

// Names of the pod's volumes.
const (
	volumeHome = "home"
	volumeSSH  = "ssh"
	volumeBoot = "boot"
)

// homeSubPath is the home's directory on the claim. The claim's root stays
// free for what a machine of one's own needs beside the home.
const homeSubPath = "home"

func (b builder) home() string { return "/home/" + b.spec.User }

func (b builder) deployment() (*appsv1.Deployment, error) {
	template, err := b.template()
	if err != nil {
		return nil, err
	}
	history := int32(2)
	return &appsv1.Deployment{
		TypeMeta:   typeMeta("apps/v1", "Deployment"),
		ObjectMeta: b.meta(b.ref.Name, b.annotations()),
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: b.selector()},
			// Two pods can never share the home.
			Strategy:             appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			RevisionHistoryLimit: &history,
			Template:             template,
		},
	}, nil
}

// template makes the pod and puts the administrator's patch over it.
func (b builder) template() (corev1.PodTemplateSpec, error) {
	container, err := b.container()
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	no, grace := false, int64(graceSeconds)
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: b.labels()},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: &no,
			EnableServiceLinks:           &no,
			// Sessions are warned, and Docker is given time to stop what it runs.
			TerminationGracePeriodSeconds: &grace,
			ServiceAccountName:            b.spec.ServiceAccount,
			NodeSelector:                  maps.Clone(b.spec.NodeSelector),
			Tolerations:                   b.tolerations(),
			ImagePullSecrets:              b.pullSecrets(),
			Containers:                    []corev1.Container{container},
			Volumes:                       b.volumes(),
		},
	}
	if err := b.secure(&template.Spec); err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	return b.patched(template)
}

func (b builder) container() (corev1.Container, error) {
	resources, err := b.resources()
	if err != nil {
		return corev1.Container{}, err
	}
	c := corev1.Container{
		Name:      ContainerName,
		Image:     b.spec.Image,
		Command:   []string{"/bin/sh", entrypoint},
		Env:       b.env(),
		Resources: resources,
		Ports:     []corev1.ContainerPort{{Name: "ssh", ContainerPort: workspace.SSHPort, Protocol: corev1.ProtocolTCP}},
		VolumeMounts: []corev1.VolumeMount{
			{Name: volumeHome, MountPath: b.home(), SubPath: homeSubPath},
			// No subPath: the kubelet would never update the keys.
			{Name: volumeSSH, MountPath: "/etc/berth/ssh", ReadOnly: true},
			{Name: volumeBoot, MountPath: "/etc/berth/boot", ReadOnly: true},
		},
		StartupProbe: startupProbe(),
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(workspace.SSHPort)}},
			PeriodSeconds: 3,
		},
		// The last lines of a crash then need no call for logs.
		TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
	}
	for _, name := range b.spec.EnvFrom {
		c.EnvFrom = append(c.EnvFrom, corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}}})
	}
	if b.spec.Profile == workspace.Restricted {
		for _, file := range []string{"passwd", "group", "motd"} {
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: volumeBoot, MountPath: "/etc/" + file, SubPath: file, ReadOnly: true})
		}
	}
	if b.spec.Profile == workspace.Full {
		b.mountRoot(&c)
	}
	return c, nil
}

// startupProbe waits for sshd within one probe: each of the kubelet's own starts
// a second after the last at the earliest, and one that is for readiness three.
// It gives up after an hour, which no installation of packages takes.
func startupProbe() *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", started}}},
		PeriodSeconds:    1,
		TimeoutSeconds:   30,
		FailureThreshold: 120,
	}
}

// env is the container's environment, in an order that does not change.
func (b builder) env() []corev1.EnvVar {
	env := []corev1.EnvVar{
		{Name: "BERTH_NAME", Value: b.ref.Name},
		{Name: "BERTH_PROFILE", Value: string(b.spec.Profile)},
		{Name: "BERTH_USER", Value: b.spec.User},
	}
	switch {
	case b.spec.Profile == workspace.Full:
		env = append(env, corev1.EnvVar{Name: "BERTH_ROOT", Value: b.root()})
	case b.spec.WasFull:
		env = append(env, corev1.EnvVar{Name: "BERTH_SCAN_SETUID", Value: "1"})
	}
	if b.spec.Profile == workspace.Restricted {
		// The runtime knows only the image's own users and their homes.
		env = append(env, corev1.EnvVar{Name: "HOME", Value: b.home()})
	}
	for _, key := range slices.Sorted(maps.Keys(b.spec.Env)) {
		env = append(env, corev1.EnvVar{Name: key, Value: b.spec.Env[key]})
	}
	return env
}

// resources reserves what it allows: the numbers on the screen are then the
// ones that the scheduler, the quota and the kernel go by.
func (b builder) resources() (corev1.ResourceRequirements, error) {
	limits := corev1.ResourceList{}
	for name, value := range map[corev1.ResourceName]string{corev1.ResourceCPU: b.spec.CPU, corev1.ResourceMemory: b.spec.Memory} {
		q, err := quantity(string(name), value)
		if err != nil {
			return corev1.ResourceRequirements{}, err
		}
		limits[name] = q
	}
	requests := maps.Clone(limits)
	if b.spec.GPU > 0 {
		limits[gpuResource] = *resource.NewQuantity(int64(b.spec.GPU), resource.DecimalSI)
	}
	return corev1.ResourceRequirements{Limits: limits, Requests: requests}, nil
}

func (b builder) tolerations() []corev1.Toleration {
	var out []corev1.Toleration
	for _, t := range b.spec.Tolerations {
		operator := corev1.TolerationOpExists
		if t.Value != "" {
			operator = corev1.TolerationOpEqual
		}
		out = append(out, corev1.Toleration{Key: t.Key, Operator: operator, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)})
	}
	return out
}

func (b builder) pullSecrets() []corev1.LocalObjectReference {
	var out []corev1.LocalObjectReference
	for _, name := range b.spec.ImagePullSecrets {
		out = append(out, corev1.LocalObjectReference{Name: name})
	}
	return out
}

// volumes gives each key file its own mode. sshd as root reads the host key
// only when nobody else may, and authorized_keys as the user who logs in;
// without root, the pod's group adds the right to read.
func (b builder) volumes() []corev1.Volume {
	private, public, script := int32(0o400), int32(0o444), int32(0o555)
	volumes := []corev1.Volume{
		{Name: volumeHome, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: b.ref.ClaimName()}}},
		{Name: volumeSSH, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
			SecretName: b.ref.SecretName(), DefaultMode: &private,
			Items: []corev1.KeyToPath{
				{Key: secretHostKey, Path: secretHostKey, Mode: &private},
				{Key: secretHostPublic, Path: secretHostPublic, Mode: &public},
				{Key: secretAuthorizedKeys, Path: secretAuthorizedKeys, Mode: &public},
			},
		}}},
		{Name: volumeBoot, VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: b.ref.BootName()}, DefaultMode: &script,
		}}},
	}
	if b.spec.Form == workspace.FormBaseline {
		volumes = append(volumes, b.imageVolume())
	}
	return volumes
}
