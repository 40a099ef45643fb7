package kube

// One mapping from what the API server, the network and the kubeconfig's
// plugins answer to an error that a person can act on. Nothing else in this
// package looks at status codes in order to talk about them.

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1 "k8s.io/api/core/v1"

	"github.com/berth-sh/berth/workspace"
)

var (
	// deniedGrammar is the API server's sentence about a missing permission.
	deniedGrammar = regexp.MustCompile(`cannot (\S+) resource "([^"]*)" in API group "([^"]*)" (?:in the namespace "([^"]*)"|at the cluster scope)`)
	// quotaGrammar is the quota admission's sentence.
	quotaGrammar = regexp.MustCompile(`exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)$`)
	// webhookGrammar is the API server's sentence about a webhook's refusal.
	webhookGrammar = regexp.MustCompile(`admission webhook "([^"]+)" denied the request(?:: (.*))?`)
	// conflictGrammar is one cause of a server-side apply conflict.
	conflictGrammar = regexp.MustCompile(`conflict with "([^"]+)"`)
)

// Explain gives err a kind of package workspace, a sentence and a next step.
// host is the API server's address, for errors that do not carry one. The
// cause stays in the chain. A context's own end is returned as it is.
func Explain(err error, host string) error {
	var access *workspace.AccessError
	var done *explained
	switch {
	case err == nil:
		return nil
	case errors.As(err, &access), errors.As(err, &done):
		return err
	case errors.Is(err, context.Canceled):
		return err
	}
	out := explainStatus(err)
	if out == nil {
		out = explainNetwork(err, host)
	}
	if out == nil {
		out = safeError(err)
	}
	return &explained{out}
}

// explain is Explain for this client's server.
func (c *Client) explain(err error) error { return Explain(err, c.config.Host) }

// explained marks an error that went through Explain, so that a second pass
// leaves it alone.
type explained struct{ err error }

func (e *explained) Error() string { return e.err.Error() }
func (e *explained) Unwrap() error { return e.err }

// safe shows another error's text with everything removed that could steer a
// terminal.
type safe struct {
	err  error
	text string // "" shows err's own text
}

func (e *safe) Unwrap() error { return e.err }
func (e *safe) Error() string {
	if e.text != "" {
		return workspace.Safe(e.text)
	}
	return workspace.Safe(e.err.Error())
}

func safeError(err error) error { return &safe{err: err} }

// saying replaces err's text and keeps err as the cause.
func saying(err error, format string, args ...any) error {
	return &safe{err: err, text: fmt.Sprintf(format, args...)}
}

// explainStatus handles answers of the API server; nil for anything else.
func explainStatus(err error) error {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	s := status.Status()
	text := s.Message
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, saying(err, "namespace is being deleted")),
			"its contents, homes included, go with it; use another namespace")
	case apierrors.IsUnauthorized(err):
		return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden, &loginError{saying(err, "the API server does not accept the credentials")}),
			"login needed: run kubectl get namespaces, which asks for it or says how")
	case webhookGrammar.MatchString(text):
		m := webhookGrammar.FindStringSubmatch(text)
		return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden, saying(err, "admission webhook %s refused it: %s", m[1], m[2])),
			"the cluster's administrator sets this policy")
	case apierrors.IsForbidden(err):
		return explainForbidden(err, text)
	case apierrors.IsNotFound(err):
		return explainNotFound(err, s)
	case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
		return explainConflict(err, s)
	case apierrors.IsTooManyRequests(err):
		return explainBusy(err)
	case apierrors.IsInvalid(err):
		return workspace.WithKind(workspace.ErrUsage, safeError(err))
	case apierrors.IsBadRequest(err): // also "not yet": the log of a container that waits to start
		return safeError(err)
	case apierrors.IsServerTimeout(err), apierrors.IsTimeout(err), apierrors.IsServiceUnavailable(err):
		return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, saying(err, "the API server did not answer in time: %s", text)),
			"try again in a moment")
	}
	return saying(err, "the API server answered: %s", text)
}

// explainForbidden tells missing permissions from policies that answer with
// the same code.
func explainForbidden(err error, text string) error {
	if m := deniedGrammar.FindStringSubmatch(text); m != nil {
		access := workspace.Access{Verb: workspace.Safe(m[1]), Resource: resourceName(m[3], m[2]), Namespace: workspace.Safe(m[4])}
		return missingAccess(err, access)
	}
	if m := quotaGrammar.FindStringSubmatch(text); m != nil {
		return workspace.WithHint(saying(err, "quota %s is exceeded: asked for %s, used %s of %s", m[1], m[2], m[3], m[4]),
			"ask for less, stop another workspace, or have the quota raised")
	}
	if _, violation, ok := strings.Cut(text, "violates PodSecurity "); ok {
		return workspace.WithHint(workspace.WithKind(workspace.ErrForbidden, saying(err, "the namespace's Pod Security level refuses the pod: %s", violation)),
			"try --profile restricted")
	}
	if strings.Contains(text, " usage per ") {
		return workspace.WithHint(saying(err, "a LimitRange of the namespace refuses it: %s", text), "ask for an amount within the range")
	}
	return workspace.WithKind(workspace.ErrForbidden, safeError(err))
}

// missingAccess is an AccessError that keeps the server's answer.
func missingAccess(err error, access workspace.Access) error {
	return workspace.WithHint(&caused{&workspace.AccessError{Missing: []workspace.Access{access}}, err},
		"ask for the role berth-developer in the namespace")
}

// caused shows err and keeps the cause in the chain.
type caused struct{ err, cause error }

func (e *caused) Error() string   { return e.err.Error() }
func (e *caused) Unwrap() []error { return []error{e.err, e.cause} }

// resourceName gives "deployments.apps/scale" for a group and a resource that
// may name a subresource.
func resourceName(group, resource string) string {
	resource, sub, _ := strings.Cut(resource, "/")
	name := resource
	if group != "" {
		name += "." + group
	}
	if sub != "" {
		name += "/" + sub
	}
	return workspace.Safe(name)
}

// explainNotFound names the object.
func explainNotFound(err error, s metav1.Status) error {
	if s.Details == nil || s.Details.Name == "" {
		return workspace.WithKind(workspace.ErrNotFound, safeError(err))
	}
	kind := schema.GroupResource{Group: s.Details.Group, Resource: s.Details.Kind}
	if kind.Resource == "namespaces" {
		return workspace.WithHint(workspace.WithKind(workspace.ErrNotFound, saying(err, "namespace %s does not exist", s.Details.Name)),
			"create it, or name another with --namespace")
	}
	return workspace.WithKind(workspace.ErrNotFound, saying(err, "%s %s does not exist", kind, s.Details.Name))
}

// explainConflict names the field and its owner where server-side apply
// refused, and the object otherwise.
func explainConflict(err error, s metav1.Status) error {
	if s.Details != nil {
		var fields []string
		for _, cause := range s.Details.Causes {
			if cause.Type != metav1.CauseTypeFieldManagerConflict {
				continue
			}
			owner := cause.Message
			if m := conflictGrammar.FindStringSubmatch(cause.Message); m != nil {
				owner = m[1]
			}
			fields = append(fields, fmt.Sprintf("%s belongs to %s", strings.TrimPrefix(cause.Field, "."), owner))
		}
		if len(fields) > 0 {
			return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, saying(err, "%s", strings.Join(fields, ", "))),
				"change it there, or let that manager release the field; nothing was written")
		}
	}
	if apierrors.IsAlreadyExists(err) {
		return workspace.WithKind(workspace.ErrConflict, safeError(err))
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrConflict, saying(err, "it was changed by somebody else meanwhile: %s", s.Message)),
		"look at it again and repeat")
}

// explainBusy says how long the server asks to wait.
func explainBusy(err error) error {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok && seconds > 0 {
		return workspace.WithKind(workspace.ErrUnreachable, saying(err, "the cluster is busy and asks to wait %d s", seconds))
	}
	return workspace.WithHint(workspace.WithKind(workspace.ErrUnreachable, saying(err, "the cluster is busy")), "try again in a moment")
}

// hostOf returns HOST:PORT of a server's address.
func hostOf(host string) string {
	if u, err := url.Parse(host); err == nil && u.Host != "" {
		return u.Host
	}
	return host
}
