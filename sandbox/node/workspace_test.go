package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// workspace is one workspace's objects as berth makes them.
type workspace struct {
	*cluster
	name      string
	host, key ssh.Signer
	private   []byte // of host
}

// newWorkspace makes a workspace's keys; nothing is created yet.
func (c *cluster) newWorkspace(t *testing.T, name string) *workspace {
	t.Helper()
	w := &workspace{cluster: c, name: name}
	w.host, w.private = newKey(t)
	w.key, _ = newKey(t)
	return w
}

// create creates all objects; the pod suffers from fault.
func (w *workspace) create(t *testing.T, fault string) {
	t.Helper()
	w.createSecret(t)
	w.createClaim(t)
	w.createService(t)
	w.createDeployment(t, fault)
}

func (w *workspace) labels() map[string]string {
	return map[string]string{"app.kubernetes.io/managed-by": "berth", "berth.sh/workspace": w.name}
}

func (w *workspace) meta(suffix string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: w.name + suffix, Namespace: namespace, Labels: w.labels()}
}

func (w *workspace) createSecret(t *testing.T) {
	t.Helper()
	_, err := w.client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: w.meta("-ssh"),
		Data: map[string][]byte{
			"ssh_host_ed25519_key":     w.private,
			"ssh_host_ed25519_key.pub": ssh.MarshalAuthorizedKey(w.host.PublicKey()),
			"authorized_keys":          ssh.MarshalAuthorizedKey(w.key.PublicKey()),
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *workspace) createClaim(t *testing.T) {
	t.Helper()
	class := "sandbox"
	_, err := w.client.CoreV1().PersistentVolumeClaims(namespace).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: w.meta("-home"),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
			StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: resource.MustParse("1Gi"),
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *workspace) createService(t *testing.T) {
	t.Helper()
	_, err := w.client.CoreV1().Services(namespace).Create(t.Context(), &corev1.Service{
		ObjectMeta: w.meta(""),
		Spec: corev1.ServiceSpec{
			Selector: w.labels(),
			Ports:    []corev1.ServicePort{{Name: "tcp-ssh", Port: 22, TargetPort: intstr.FromInt32(2222)}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *workspace) createDeployment(t *testing.T, fault string) {
	t.Helper()
	replicas := int32(1)
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: w.labels()}, Spec: w.podSpec()}
	if fault != "" {
		template.Annotations = map[string]string{"sandbox.berth.sh/fault": fault}
	}
	_, err := w.client.AppsV1().Deployments(namespace).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: w.meta(""),
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Selector: &metav1.LabelSelector{MatchLabels: w.labels()},
			Template: template,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// podSpec is the pod of a workspace, with a sidecar as an administrator's
// template may add one.
func (w *workspace) podSpec() corev1.PodSpec {
	no, grace := false, int64(5)
	return corev1.PodSpec{
		AutomountServiceAccountToken: &no, EnableServiceLinks: &no, TerminationGracePeriodSeconds: &grace,
		Containers: []corev1.Container{{
			Name: "workspace", Image: "ubuntu:24.04",
			TerminationMessagePolicy: corev1.TerminationMessageFallbackToLogsOnError,
			Env: []corev1.EnvVar{
				{Name: "PLAIN", Value: "from the spec"},
				{Name: "EXPANDED", Value: "$(PLAIN)!"},
				{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			},
			Ports: []corev1.ContainerPort{{Name: "ssh", ContainerPort: 2222}},
			ReadinessProbe: &corev1.Probe{
				ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(2222)}},
				PeriodSeconds: 1, FailureThreshold: 1,
			},
			VolumeMounts: []corev1.VolumeMount{
				{Name: "home", MountPath: "/home/dev", SubPath: "home"},
				{Name: "ssh", MountPath: "/etc/berth/ssh", ReadOnly: true},
			},
		}, {Name: "sidecar", Image: "example.com/sidecar:1"}},
		Volumes: []corev1.Volume{
			{Name: "home", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: w.name + "-home"}}},
			{Name: "ssh", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: w.name + "-ssh"}}},
		},
	}
}

// pod returns the workspace's one pod that is not being deleted.
func (w *workspace) pod(ctx context.Context) (*corev1.Pod, error) {
	pods, err := w.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "berth.sh/workspace=" + w.name})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		if pods.Items[i].DeletionTimestamp == nil {
			return &pods.Items[i], nil
		}
	}
	return nil, errors.New("there is no pod")
}

// waitPod waits until check accepts the pod, and returns it.
func (w *workspace) waitPod(t *testing.T, what string, check func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	var found *corev1.Pod
	eventually(t, what, func() error {
		pod, err := w.pod(t.Context())
		if err != nil {
			return err
		}
		if !check(pod) {
			return fmt.Errorf("pod %s is %s: %+v", pod.Name, pod.Status.Phase, pod.Status.ContainerStatuses)
		}
		found = pod
		return nil
	})
	return found
}

// isReady reports whether a pod's Ready condition is true.
func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// main is the status of the workspace's container.
func main(pod *corev1.Pod) corev1.ContainerStatus {
	for _, c := range pod.Status.ContainerStatuses {
		if c.Name == "workspace" {
			return c
		}
	}
	return corev1.ContainerStatus{}
}

// waitEvent waits for an event about an object of the workspace.
func (w *workspace) waitEvent(t *testing.T, reason, message string) {
	t.Helper()
	eventually(t, "event "+reason, func() error {
		events, err := w.client.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		var seen []string
		for _, e := range events.Items {
			if !strings.HasPrefix(e.InvolvedObject.Name, w.name+"-") {
				continue
			}
			if e.Reason == reason && strings.Contains(e.Message, message) {
				return nil
			}
			seen = append(seen, e.Reason+": "+e.Message)
		}
		return fmt.Errorf("not among\n%s", strings.Join(seen, "\n"))
	})
}

// authority is what the gateway knows the workspace by.
func (w *workspace) authority() string { return w.name + "--" + namespace + ".sandbox.internal:22" }

// ssh runs a command in the workspace through the gateway.
func (w *workspace) ssh(ctx context.Context, key ssh.Signer, command string) (string, error) {
	conn, err := w.connect(ctx, w.authority())
	if err != nil {
		return "", err
	}
	sshConn, channels, requests, err := ssh.NewClientConn(conn, "workspace", &ssh.ClientConfig{
		User: "dev", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyCallback: ssh.FixedHostKey(w.host.PublicKey()),
	})
	if err != nil {
		return "", errors.Join(err, conn.Close())
	}
	client := ssh.NewClient(sshConn, channels, requests)
	defer func() { _ = client.Close() }() // the output is what counts
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	out, err := session.Output(command)
	return string(out), err
}

// mustSSH waits until a command succeeds and returns what it printed.
func (w *workspace) mustSSH(t *testing.T, command string) string {
	t.Helper()
	var out string
	eventually(t, command, func() (err error) {
		out, err = w.ssh(t.Context(), w.key, command)
		return err
	})
	return out
}
