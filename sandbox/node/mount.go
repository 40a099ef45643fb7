package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Keys of the Secret that holds a workspace's identity. The Secret with the
// first and the last of them is found among the pod's volumes.
const (
	hostKeyName    = "ssh_host_ed25519_key"
	authorizedName = "authorized_keys"
)

// Mounting is tried again as a kubelet does, only sooner: on one machine what
// is missing usually appears at once.
const (
	mountRetryFirst = 100 * time.Millisecond
	mountRetryMax   = 5 * time.Second
)

// mounts are what a pod's volumes came to on this machine.
type mounts struct {
	secret  string // name of the Secret with the identity; "" = no workspace
	home    string
	hostKey string // path
	keys    string // path
}

// mount waits until every volume is there. It reports false when the pod is to
// end first.
func (w *worker) mount() (*mounts, bool) {
	wait := mountRetryFirst
	last := ""
	for {
		m, err := w.tryMount(w.alive)
		if err == nil {
			return m, true
		}
		if w.alive.Err() != nil {
			return nil, false
		}
		if message := err.Error(); message != last {
			last = message
			var volume *volumeError
			if errors.As(err, &volume) {
				w.event(corev1.EventTypeWarning, "FailedMount", "%s", message)
			}
			w.node.log.Info("mounting", "pod", w.namespace+"/"+w.name, "err", err)
		}
		if !sleep(w.alive, wait) {
			return nil, false
		}
		wait = min(wait*2, mountRetryMax)
	}
}

// volumeError is a volume that cannot be mounted yet.
type volumeError struct {
	volume string
	err    error
}

func (e *volumeError) Error() string {
	return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", e.volume, e.err)
}

func (e *volumeError) Unwrap() error { return e.err }

// tryMount looks for everything that the pod's volumes name.
func (w *worker) tryMount(ctx context.Context) (*mounts, error) {
	pod := w.current()
	m := &mounts{home: filepath.Join(w.dir, "home")}
	folders := map[string]string{}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		var err error
		switch {
		case v.Secret != nil:
			err = w.mountSecret(ctx, v, m)
		case v.ConfigMap != nil:
			if v.ConfigMap.Optional == nil || !*v.ConfigMap.Optional {
				_, err = w.node.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
			}
		case v.PersistentVolumeClaim != nil:
			folders[v.Name], err = w.claimFolder(ctx, v.PersistentVolumeClaim.ClaimName)
		}
		if err != nil {
			return nil, &volumeError{volume: v.Name, err: plain(err)}
		}
	}
	if home := w.homeIn(folders); home != "" {
		m.home = home
	}
	if err := os.MkdirAll(m.home, 0o700); err != nil {
		return nil, fmt.Errorf("making the home directory: %w", err)
	}
	return m, nil
}

// plain reduces an API error to what a kubelet's event says.
func plain(err error) error {
	var status apierrors.APIStatus
	if errors.As(err, &status) && apierrors.IsNotFound(err) {
		if d := status.Status().Details; d != nil {
			kind := map[string]string{"secrets": "secret", "configmaps": "configmap", "persistentvolumeclaims": "persistentvolumeclaim"}[d.Kind]
			if kind != "" {
				return fmt.Errorf("%s %q not found", kind, d.Name)
			}
		}
	}
	return err
}

// mountSecret checks a Secret volume and, where it is the workspace's identity,
// writes its files.
func (w *worker) mountSecret(ctx context.Context, v *corev1.Volume, m *mounts) error {
	secret, err := w.node.client.CoreV1().Secrets(w.namespace).Get(ctx, v.Secret.SecretName, metav1.GetOptions{})
	if err != nil {
		if apierrors.IsNotFound(err) && v.Secret.Optional != nil && *v.Secret.Optional {
			return nil
		}
		return err
	}
	key, isIdentity := secret.Data[hostKeyName]
	if !isIdentity {
		return nil
	}
	for _, item := range v.Secret.Items {
		if _, ok := secret.Data[item.Key]; !ok {
			return fmt.Errorf("references non-existent secret key: %s", item.Key)
		}
	}
	dir := filepath.Join(w.dir, "ssh")
	m.secret, m.hostKey, m.keys = secret.Name, filepath.Join(dir, hostKeyName), filepath.Join(dir, authorizedName)
	if err := writeFile(m.hostKey, key); err != nil {
		return err
	}
	return writeFile(m.keys, secret.Data[authorizedName])
}

// claimFolder returns the folder behind a bound claim.
func (w *worker) claimFolder(ctx context.Context, name string) (string, error) {
	claim, err := w.node.client.CoreV1().PersistentVolumeClaims(w.namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != corev1.ClaimBound || claim.Spec.VolumeName == "" {
		return "", fmt.Errorf("persistentvolumeclaim %q is not bound yet", name)
	}
	volume, err := w.node.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	folder := filepath.Join(w.node.cfg.VolumeDir, string(claim.UID))
	if volume.Spec.HostPath == nil || filepath.Clean(volume.Spec.HostPath.Path) != folder {
		return "", fmt.Errorf("volume %q is not one of this sandbox's folders", volume.Name)
	}
	return folder, os.MkdirAll(folder, 0o700)
}

// homeIn finds the home directory: the claim's subdirectory that the
// container mounts, "home" where it mounts the whole.
func (w *worker) homeIn(folders map[string]string) string {
	for _, c := range w.current().Spec.Containers {
		if c.Name != w.main {
			continue
		}
		for _, mount := range c.VolumeMounts {
			folder, ok := folders[mount.Name]
			if !ok {
				continue
			}
			sub := filepath.Clean(mount.SubPath)
			if mount.SubPath == "" || !filepath.IsLocal(sub) {
				sub = "home"
			}
			return filepath.Join(folder, sub)
		}
	}
	return ""
}

// writeFile replaces a private file at once, so that a reader sees the old
// content or the new.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a directory for %s: %w", filepath.Base(path), err)
	}
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replacing %s: %w", filepath.Base(path), err)
	}
	return nil
}
