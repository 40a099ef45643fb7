package node

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// inherited reports whether a variable of the sandbox's own environment reaches
// workspaces. What an image would have set comes from this machine; the rest of
// the account's environment, with its tokens, stays out.
func inherited(name string) bool {
	switch name {
	case "PATH", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY":
		return true
	}
	return strings.HasPrefix(name, "LC_")
}

// environment resolves the variables of the pod's workspace container. An error
// is what a kubelet reports as CreateContainerConfigError.
func (w *worker) environment(ctx context.Context, m *mounts) ([]string, error) {
	env := newVariables()
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); inherited(name) {
			env.set(name, value)
		}
	}
	env.set("HOSTNAME", w.name)
	if me, err := user.Current(); err == nil { // as login sets them, whatever started the sandbox
		env.set("USER", me.Username)
		env.set("LOGNAME", me.Username)
	}
	pod := w.current()
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if c.Name != w.main {
			continue
		}
		for j := range c.EnvFrom {
			if err := w.addSource(ctx, env, &c.EnvFrom[j]); err != nil {
				return nil, err
			}
		}
		for j := range c.Env {
			if err := w.addVariable(ctx, env, c, &c.Env[j]); err != nil {
				return nil, err
			}
		}
	}
	env.set("HOME", m.home)
	env.set(marker, w.dir)
	return env.list(), nil
}

// addSource adds all of a Secret or ConfigMap.
func (w *worker) addSource(ctx context.Context, env *variables, from *corev1.EnvFromSource) error {
	switch {
	case from.SecretRef != nil:
		data, err := w.secretData(ctx, from.SecretRef.Name, from.SecretRef.Optional)
		for key, value := range data {
			env.set(from.Prefix+key, string(value))
		}
		return err
	case from.ConfigMapRef != nil:
		data, err := w.configData(ctx, from.ConfigMapRef.Name, from.ConfigMapRef.Optional)
		for key, value := range data {
			env.set(from.Prefix+key, value)
		}
		return err
	}
	return nil
}

// addVariable adds one variable.
func (w *worker) addVariable(ctx context.Context, env *variables, c *corev1.Container, v *corev1.EnvVar) error {
	from := v.ValueFrom
	switch {
	case from == nil:
		env.set(v.Name, env.expand(v.Value))
	case from.FieldRef != nil:
		value, err := w.field(from.FieldRef.FieldPath)
		if err != nil {
			return err
		}
		env.set(v.Name, value)
	case from.ResourceFieldRef != nil:
		env.set(v.Name, resourceField(c, from.ResourceFieldRef))
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := w.secretData(ctx, ref.Name, ref.Optional)
		if err != nil {
			return err
		}
		if value, ok := data[ref.Key]; ok {
			env.set(v.Name, string(value))
		} else if !optional(ref.Optional) {
			return fmt.Errorf("couldn't find key %s in Secret %s/%s", ref.Key, w.namespace, ref.Name)
		}
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := w.configData(ctx, ref.Name, ref.Optional)
		if err != nil {
			return err
		}
		if value, ok := data[ref.Key]; ok {
			env.set(v.Name, value)
		} else if !optional(ref.Optional) {
			return fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", ref.Key, w.namespace, ref.Name)
		}
	}
	return nil
}

// optional reads an optional flag, whose absence means no.
func optional(b *bool) bool { return b != nil && *b }

// secretData reads a Secret; a missing optional one is empty.
func (w *worker) secretData(ctx context.Context, name string, mayMiss *bool) (map[string][]byte, error) {
	secret, err := w.node.client.CoreV1().Secrets(w.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		if apierrors.IsNotFound(err) && optional(mayMiss) {
			return nil, nil
		}
		return nil, plain(err)
	}
	return secret.Data, nil
}

// configData reads a ConfigMap; a missing optional one is empty.
func (w *worker) configData(ctx context.Context, name string, mayMiss *bool) (map[string]string, error) {
	config, err := w.node.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		if apierrors.IsNotFound(err) && optional(mayMiss) {
			return nil, nil
		}
		return nil, plain(err)
	}
	return config.Data, nil
}

// field resolves the downward API.
func (w *worker) field(path string) (string, error) {
	pod := w.current()
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP", "status.podIPs":
		return w.ip, nil
	case "status.hostIP", "status.hostIPs":
		return "127.0.0.1", nil
	}
	for prefix, values := range map[string]map[string]string{
		"metadata.labels['": pod.Labels, "metadata.annotations['": pod.Annotations,
	} {
		if key, ok := strings.CutPrefix(path, prefix); ok {
			return values[strings.TrimSuffix(key, "']")], nil
		}
	}
	return "", fmt.Errorf("unsupported fieldPath: %s", path)
}

// resourceField resolves a container's own requests and limits, in whole units.
func resourceField(c *corev1.Container, ref *corev1.ResourceFieldSelector) string {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	list := c.Resources.Limits
	if kind == "requests" {
		list = c.Resources.Requests
	}
	quantity := list[corev1.ResourceName(name)]
	value, divisor := quantity.Value(), ref.Divisor.Value()
	if divisor > 1 {
		value = (value + divisor - 1) / divisor
	}
	return strconv.FormatInt(value, 10)
}
