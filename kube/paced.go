package kube

// Answers that ask to wait. client-go obeys the header Retry-After by itself,
// up to ten times for each request, and tells nobody. For one request of a
// verb that is welcome; but the watches of a list would each repeat theirs,
// side by side, while the list could only say that an answer is overdue. So
// for them the header becomes part of the error, and the gate, which all of
// them share, does the waiting.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// pacedKey marks a context whose requests client-go must not repeat.
type pacedKey struct{}

// paced returns a context whose owner decides when to repeat a request.
func paced(ctx context.Context) context.Context { return context.WithValue(ctx, pacedKey{}, true) }

// pacer passes requests on and hides Retry-After from client-go where the
// request is paced.
type pacer struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (p pacer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(req)
	if err != nil || req.Context().Value(pacedKey{}) == nil || resp.StatusCode < http.StatusTooManyRequests {
		return resp, err
	}
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil {
		return resp, nil // client-go understands no other form, and does not repeat
	}
	return sayWait(req, resp, seconds)
}

// WrappedRoundTripper lets others find the transport below.
func (p pacer) WrappedRoundTripper() http.RoundTripper { return p.next }

// sayWait puts the seconds to wait into the body, where client-go reads them
// for the error only.
func sayWait(req *http.Request, resp *http.Response, seconds int) (*http.Response, error) {
	_ = resp.Body.Close() // what it said is replaced
	status := apierrors.NewGenericServerResponse(resp.StatusCode, req.Method, schema.GroupResource{}, "", "", seconds, true).ErrStatus
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	body, err := json.Marshal(status)
	if err != nil {
		return nil, fmt.Errorf("encoding an answer: %w", err)
	}
	resp.Header.Del("Retry-After")
	resp.Header.Del("Content-Encoding")
	resp.Header.Set("Content-Type", "application/json")
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}
