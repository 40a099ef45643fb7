package node

import (
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Times of the slow fault.
const (
	slowPull   = 8 * time.Second
	slowCreate = 3 * time.Second
	// pullErrorShown is how long the error itself is shown before the back-off.
	pullErrorShown = 2 * time.Second
)

// images are the images that were "pulled" here. None ever is: workspaces run
// on this machine's own file system.
type images struct {
	mu    sync.Mutex // guards names
	names map[string]bool
}

func newImages() *images { return &images{names: map[string]bool{}} }

// pulled records an image and reports whether it was known.
func (i *images) pulled(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	known := i.names[name]
	i.names[name] = true
	return known
}

// pull goes through the motions. It reports false when the pod is to end first.
func (w *worker) pull() bool {
	var c *corev1.Container
	pod := w.current()
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == w.main {
			c = &pod.Spec.Containers[i]
		}
	}
	if w.fault() == faultPullError {
		return w.failPull(c.Image)
	}
	if c.ImagePullPolicy != corev1.PullAlways && w.node.images.pulled(c.Image) && w.fault() != faultSlow {
		w.containerEvent(corev1.EventTypeNormal, "Pulled", "Container image %q already present on machine", c.Image)
		return true
	}
	w.containerEvent(corev1.EventTypeNormal, "Pulling", "Pulling image %q", c.Image)
	started := time.Now()
	if w.fault() == faultSlow && !sleep(w.alive, slowPull) {
		return false
	}
	took := time.Since(started).Round(time.Millisecond)
	w.containerEvent(corev1.EventTypeNormal, "Pulled", "Successfully pulled image %q in %s (%s including waiting). Image size: 0 bytes.", c.Image, took, took)
	return w.fault() != faultSlow || sleep(w.alive, slowCreate)
}

// failPull fails for as long as the pod lives, with a kubelet's alternation of
// error and back-off.
func (w *worker) failPull(image string) bool {
	full := imageReference(image)
	cause := "failed to pull and unpack image \"" + full + "\": failed to resolve reference \"" + full + "\": " + full + ": not found"
	b := backoff{delay: backoffFirst}
	for w.fault() == faultPullError {
		w.containerEvent(corev1.EventTypeNormal, "Pulling", "Pulling image %q", image)
		w.containerEvent(corev1.EventTypeWarning, "Failed", "Failed to pull image %q: rpc error: code = NotFound desc = %s", image, cause)
		w.containerEvent(corev1.EventTypeWarning, "Failed", "Error: ErrImagePull")
		w.wait("ErrImagePull", "rpc error: code = NotFound desc = "+cause)
		if !sleep(w.alive, pullErrorShown) {
			return false
		}
		w.containerEvent(corev1.EventTypeNormal, "BackOff", "Back-off pulling image %q", image)
		w.containerEvent(corev1.EventTypeWarning, "Failed", "Error: ImagePullBackOff")
		w.wait("ImagePullBackOff", "Back-off pulling image \""+image+"\": ErrImagePull: rpc error: code = NotFound desc = "+cause)
		if !sleep(w.alive, b.after(0)) {
			return false
		}
	}
	return true
}

// imageReference completes an image's name as a container runtime does.
func imageReference(image string) string {
	first, _, hasSlash := strings.Cut(image, "/")
	switch {
	case !hasSlash:
		image = "docker.io/library/" + image
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		image = "docker.io/" + image
	}
	if !strings.Contains(image[strings.LastIndexByte(image, '/'):], ":") && !strings.Contains(image, "@") {
		image += ":latest"
	}
	return image
}
