package kube

// A wrong clock on this machine must not make workspaces fail: what has waited
// too long is judged by the API server's clock, which every answer shows.

import (
	"net/http"
	"sync/atomic"
	"time"
)

// skewTolerated is how far clocks may differ before it counts. The header has
// seconds, and an answer takes a while.
const skewTolerated = 5 * time.Second

// clock is a round tripper that compares this machine's clock with the
// server's.
type clock struct {
	next http.RoundTripper
	skew *atomic.Int64 // of the server's clock, in nanoseconds
}

// RoundTrip implements http.RoundTripper.
func (c clock) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		skew := time.Until(date)
		if skew.Abs() < skewTolerated {
			skew = 0
		}
		c.skew.Store(int64(skew))
	}
	return resp, nil
}

// WrappedRoundTripper lets others find the transport below.
func (c clock) WrappedRoundTripper() http.RoundTripper { return c.next }

// Skew is how much the API server's clock is ahead of this machine's, as of the
// last answer; 0 within the five seconds that cannot be told from a slow
// answer.
func (c *Client) Skew() time.Duration { return time.Duration(c.skew.Load()) }
