package kube_test

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// otherClock is a server whose clock is off.
type otherClock struct {
	next http.RoundTripper
	by   time.Duration
}

func (o otherClock) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(req)
	if err == nil {
		resp.Header.Set("Date", time.Now().Add(o.by).UTC().Format(http.TimeFormat))
	}
	return resp, err
}

func TestSkewIsThatOfTheServersClock(t *testing.T) {
	for _, by := range []time.Duration{0, time.Hour, -time.Hour} {
		c := client(t, func(config *rest.Config) {
			config.Wrap(func(next http.RoundTripper) http.RoundTripper { return otherClock{next, by} })
		})
		if c.Skew() != 0 {
			t.Errorf("before any answer the skew is %v", c.Skew())
		}
		if _, err := c.Interface().Discovery().ServerVersion(); err != nil {
			t.Fatal(err)
		}
		if got := c.Skew(); (got - by).Abs() > 3*time.Second {
			t.Errorf("a clock off by %v gives skew %v", by, got)
		}
	}
}

// With this machine's clock an hour ahead, a workspace that has just started
// has not been starting for an hour.
func TestAWrongClockMakesNothingFail(t *testing.T) {
	c := client(t, nil)
	ns := namespace(t, c, nil)
	d := bareDeployment("w")
	one := int32(1)
	d.Spec.Replicas, d.Spec.Template.Spec.NodeName = &one, "nowhere"
	d.Spec.Template.Spec.Containers[0].Command = []string{"/bin/sh", "/etc/berth/boot/entrypoint.sh"} // any other is no workspace's
	if _, err := c.Interface().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), bareClaim("w"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Interface().AppsV1().Deployments(ns).Create(t.Context(), d, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := started(t, c, ns)
	for _, test := range []struct {
		skew time.Duration
		want workspace.Reason
	}{
		{-time.Hour, workspace.ReasonWaitingForSSH},
		{0, workspace.ReasonNotReady}, // what the wrong clock alone would say
	} {
		l := watchingAs(t, c, kube.WatchConfig{
			Namespace: ns, Now: func() time.Time { return time.Now().Add(time.Hour) }, Skew: func() time.Duration { return test.skew },
		})
		l.await(string(test.want)+" of "+pod, func(s workspace.Snapshot) bool {
			return len(s.Workspaces) == 1 && s.Workspaces[0].Status.Reason == test.want
		})
	}
}

// started is the pod of the one workspace, with a container that has just
// started and is not ready.
func started(t *testing.T, c *kube.Client, ns string) string {
	t.Helper()
	for {
		pods, err := c.Interface().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(pods.Items) == 0 {
			continue
		}
		p := &pods.Items[0]
		now, no := metav1.Now(), false
		p.Status.Phase, p.Status.StartTime = corev1.PodRunning, &now
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name: kube.ContainerName, Started: &no, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		}}
		if _, err := c.Interface().CoreV1().Pods(ns).UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err == nil {
			return p.Name
		}
	}
}
