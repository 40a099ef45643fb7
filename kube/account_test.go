package kube_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/berth-sh/berth/kube"
	"github.com/berth-sh/berth/workspace"
)

// accountOf waits until the closer look at a workspace is as wanted.
func accountOf(t *testing.T, c *kube.Client, ref workspace.Ref, what string, ok func(workspace.Account) bool) workspace.Account {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := kube.NewWatcher(c.Interface(), kube.WatchConfig{Namespace: ref.Namespace, Cluster: "c", Skew: c.Skew})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.Run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-done })
	var last workspace.Account
	var failed error
	eventually(t, what, func(ctx context.Context) bool {
		o, there := w.Observed(ref)
		if !there {
			return false
		}
		last, failed = c.Account(ctx, o)
		return ok(last)
	})
	if failed != nil {
		t.Errorf("the account of %s is not whole: %v", ref.Name, failed)
	}
	return last
}

func stagesOf(a workspace.Account) string {
	var out []string
	for _, s := range a.Start {
		out = append(out, s.Name+" "+string(s.State))
	}
	return strings.Join(out, ", ")
}

func TestAccountOfAWholeStart(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	create(t, c, req)
	a := accountOf(t, c, req.Ref, "it runs", func(a workspace.Account) bool { return a.Status.Phase == workspace.Running })
	if got, want := stagesOf(a), "scheduled done, volume ready done, image pulled done, container started done, sshd ready done"; got != want {
		t.Errorf("stages %s", got)
	}
	if took, ok := workspace.StartTook(a.Start); !ok || took < 0 || took > time.Minute {
		t.Errorf("it took %s, %t", took, ok)
	}
	if a.Start[0].Detail == "" || !strings.Contains(a.Start[2].Detail, req.Spec.Image) {
		t.Errorf("details %+v", a.Start)
	}
}

func TestAccountOfAnImageThatDoesNotCome(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := request(t, namespace(t, c, nil))
	req.Spec.PodTemplate = json.RawMessage(`{"metadata":{"annotations":{"sandbox.berth.sh/fault":"pull-error"}}}`)
	create(t, c, req)
	a := accountOf(t, c, req.Ref, "the pull has failed twice", func(a workspace.Account) bool {
		return a.Status.Phase == workspace.Failing && slices.ContainsFunc(a.Status.Evidence, func(e workspace.Evidence) bool { return e.Field == "event Failed" })
	})
	if got := stagesOf(a); !strings.Contains(got, "volume ready done, image pulled failed, container started waiting") {
		t.Errorf("stages %s", got)
	}
	if e := a.Status.Evidence[0]; e.Field != "status.containerStatuses[workspace].state.waiting" || e.Since.IsZero() {
		t.Errorf("the first evidence is %+v", e)
	}
}

func TestAccountOfAQuota(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	ns := namespace(t, c, nil)
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "small"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
	}
	if _, err := c.Interface().CoreV1().ResourceQuotas(ns).Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the quota is counted", func(ctx context.Context) bool {
		q, err := c.Interface().CoreV1().ResourceQuotas(ns).Get(ctx, "small", metav1.GetOptions{})
		return err == nil && len(q.Status.Hard) > 0
	})
	req := request(t, ns)
	create(t, c, req)
	a := accountOf(t, c, req.Ref, "the quota refuses the pod", func(a workspace.Account) bool { return a.Status.Reason == workspace.ReasonQuota })
	said := ""
	for _, e := range a.Status.Evidence {
		said += e.Object + " " + e.Field + " " + e.Says + "\n"
	}
	for _, want := range []string{"ReplicaSet/api-", "status.conditions[ReplicaFailure]", "ResourceQuota/small status.used[pods] pods: 0 of 0 used, nothing is left"} {
		if !strings.Contains(said, want) {
			t.Errorf("the evidence lacks %q:\n%s", want, said)
		}
	}
}

// TestAccountSaysWhatItMayNotRead: without events and nodes the rest is told,
// and what is missing is named.
func TestAccountSaysWhatItMayNotRead(t *testing.T) {
	t.Parallel()
	admin := client(t, nil)
	ns := namespace(t, admin, nil)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "blind"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"apps", ""}, Resources: []string{"deployments", "replicasets", "persistentvolumeclaims", "pods"}, Verbs: []string{"get", "list", "watch"}},
	}}
	if _, err := admin.Interface().RbacV1().Roles(ns).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "blind"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "blind"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "blind"}},
	}
	if _, err := admin.Interface().RbacV1().RoleBindings(ns).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	req := request(t, ns)
	req.Spec.PodTemplate = json.RawMessage(`{"metadata":{"annotations":{"sandbox.berth.sh/fault":"crash"}}}`)
	create(t, admin, req)
	c := client(t, func(config *rest.Config) { config.Impersonate.UserName = "blind" })
	a := accountOf(t, c, req.Ref, "the crash is told", func(a workspace.Account) bool { return a.Status.Reason == workspace.ReasonCrashLoop })
	var missing []string
	for _, m := range a.Missing {
		missing = append(missing, m.String())
	}
	if want := []string{"list events in namespace " + ns, "get nodes"}; !slices.Equal(missing, want) {
		t.Errorf("missing %v, want %v", missing, want)
	}
	if len(a.Start) != 5 || a.Start[4].State != workspace.StageFailed {
		t.Errorf("stages %s", stagesOf(a))
	}
}

// TestAFollowedLogOutlivesTheAPIServer cuts the way to the API server while a
// log is read, and mends it: nothing is missing and nothing comes twice.
func TestAFollowedLogOutlivesTheAPIServer(t *testing.T) {
	t.Parallel()
	way := &network{conns: map[net.Conn]bool{}}
	direct := client(t, nil)
	ref := crashing(t, direct)
	c := client(t, way.adjust)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var mu sync.Mutex // guards heard
	var heard []string
	lost := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		word := "again"
		if err != nil {
			word = "lost"
			go way.mend()
		}
		if len(heard) == 0 || heard[len(heard)-1] != word {
			heard = append(heard, word)
		}
	}
	begun, ended := 0, 0
	for line, err := range c.Logs(ctx, ref, kube.LogOptions{Follow: true, Lost: lost}) {
		if err != nil {
			t.Fatalf("following: %v", err)
		}
		switch {
		case strings.Contains(line.Text, crashBegins):
			if begun++; begun == 2 {
				way.cut()
			}
		case strings.Contains(line.Text, crashEnds):
			ended++
		}
		if begun-ended < 0 || begun-ended > 1 {
			t.Fatalf("a line is missing or came twice: %d runs began, %d ended", begun, ended)
		}
		if ended == 3 {
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if ended != 3 || !slices.Equal(heard, []string{"lost", "again"}) {
		t.Errorf("%d runs ended, heard %v", ended, heard)
	}
}

// refusing answers every request for a log with a code.
type refusing struct {
	next http.RoundTripper
	code string
	n    int // of them from the second on; one reader asks at a time
}

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.URL.Path, "/log") {
		return r.next.RoundTrip(req)
	}
	if r.n++; r.n == 1 {
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, ContentLength: -1,
			Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader("2026-03-04T12:00:00.5Z one\n")),
		}, nil
	}
	return refusal(req, r.code), nil
}

// TestALogThatMayNotBeReadAnyMoreEnds: a refusal for a moment is no end, one
// that stays is.
func TestALogThatMayNotBeReadAnyMoreEnds(t *testing.T) {
	t.Parallel()
	refusing := &refusing{code: "403"}
	c := client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { refusing.next = next; return refusing })
	})
	var failed error
	for _, err := range c.Logs(t.Context(), workspace.Ref{Namespace: "default", Name: "api"}, kube.LogOptions{Pod: "any", Follow: true, Lost: func(error) {}}) {
		failed = err
	}
	if failed == nil || refusing.n < 3 || refusing.n > 7 {
		t.Errorf("after %d requests: %v", refusing.n, failed)
	}
}

func TestYAMLShowsNoSecretsAndNoBookkeeping(t *testing.T) {
	t.Parallel()
	c := client(t, nil)
	req := unscheduled(t, namespace(t, c, nil))
	made := create(t, c, req)
	text, err := c.YAML(t.Context(), req.Ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"kind: Deployment", "kind: PersistentVolumeClaim", "\n---\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for _, no := range []string{"managedFields", "kind: Secret", "PRIVATE KEY"} {
		if strings.Contains(text, no) {
			t.Errorf("it shows %q", no)
		}
	}
	if err := c.Delete(t.Context(), req.Ref, made.UID, workspace.Installation{}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "only the claim is left", func(ctx context.Context) bool {
		text, err = c.YAML(ctx, req.Ref)
		return err == nil && !strings.Contains(text, "kind: Deployment")
	})
	if !strings.Contains(text, "kind: PersistentVolumeClaim") {
		t.Errorf("of a deleted workspace it shows:\n%s", text)
	}
}
