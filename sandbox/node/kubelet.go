package node

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// streamIdle is how long an exec or a forward may be silent: longer than anyone
// keeps a terminal open. The library knows no "never".
const streamIdle = 30 * 24 * time.Hour

// serveKubelet serves the kubelet's API until ctx ends, then ends its streams.
func (n *Node) serveKubelet(ctx context.Context) error {
	config := n.cfg.TLS.Clone()
	config.NextProtos = []string{"http/1.1"} // streams are upgrades, which HTTP/2 has not
	k := &kubelet{node: n, ctx: ctx}
	server := &http.Server{
		Handler:           k.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Serve reports it
	defer stop()
	err := server.Serve(tls.NewListener(n.cfg.Listener, config))
	k.streams.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving the kubelet's API: %w", err)
}

// kubelet serves what the API server asks a node for. Who may ask is settled by
// the client's certificate; the API server has done the authorization.
type kubelet struct {
	node    *Node
	ctx     context.Context
	streams sync.WaitGroup // what goes on after a connection was taken over
}

// routes are the kubelet's paths, with and without the pod's UID.
func (k *kubelet) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok")) // the client may be gone
	})
	mux.HandleFunc("GET /pods", k.pods)
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.containerLogs)
	for _, uid := range []string{"", "{uid}/"} {
		mux.HandleFunc("/exec/{namespace}/{pod}/"+uid+"{container}", k.exec)
		mux.HandleFunc("/attach/{namespace}/{pod}/"+uid+"{container}", k.attach)
	}
	mux.HandleFunc("/portForward/{namespace}/{pod}", k.portForward)
	mux.HandleFunc("/portForward/{namespace}/{pod}/{uid}", k.portForward)
	return mux
}

// find answers for a pod that is not here.
func (k *kubelet) find(w http.ResponseWriter, r *http.Request) *worker {
	found := k.node.find(r.PathValue("namespace"), r.PathValue("pod"))
	if uid := r.PathValue("uid"); found == nil || uid != "" && string(found.uid) != uid {
		http.Error(w, fmt.Sprintf("pod %q does not exist", r.PathValue("pod")), http.StatusNotFound)
		return nil
	}
	return found
}

// pods lists what runs here.
func (k *kubelet) pods(w http.ResponseWriter, _ *http.Request) {
	list := corev1.PodList{}
	list.Kind, list.APIVersion = "PodList", "v1"
	k.node.mu.Lock()
	for _, worker := range k.node.workers {
		list.Items = append(list.Items, *worker.current())
	}
	k.node.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(&list) // the client may be gone
}

// containerLogs serves a container's log.
func (k *kubelet) containerLogs(w http.ResponseWriter, r *http.Request) {
	worker := k.find(w, r)
	if worker == nil {
		return
	}
	options, previous, err := parseLogOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	container := r.PathValue("container")
	worker.mu.Lock()
	logs := worker.logs[container]
	worker.mu.Unlock()
	if logs == nil {
		http.Error(w, fmt.Sprintf("container %q not found in pod %q", container, worker.name), http.StatusNotFound)
		return
	}
	run := logs.last(previous)
	if run == nil {
		http.Error(w, worker.noLog(container, previous), http.StatusBadRequest)
		return
	}
	flush := func() { _ = http.NewResponseController(w).Flush() } // the write that follows reports it
	w.Header().Set("Content-Type", "text/plain")
	if err := run.send(r.Context(), w, flush, options); err != nil {
		k.node.log.Debug("sending a log", "err", err)
	}
}

// noLog says why a container has no log, in a kubelet's words.
func (w *worker) noLog(container string, previous bool) string {
	if previous {
		return fmt.Sprintf("previous terminated container %q in pod %q not found", container, w.name)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	reason := "ContainerCreating"
	if c := findStatus(w.status.ContainerStatuses, container); c != nil && c.State.Waiting != nil {
		reason = c.State.Waiting.Reason
	}
	return fmt.Sprintf("container %q in pod %q is waiting to start: %s", container, w.name, reason)
}

// parseLogOptions reads a request's options.
func parseLogOptions(r *http.Request) (o logOptions, previous bool, err error) {
	query := r.URL.Query()
	o = logOptions{tail: -1, limit: -1, stream: query.Get("stream")}
	o.follow, o.timestamps, previous = query.Get("follow") == "true", query.Get("timestamps") == "true", query.Get("previous") == "true"
	if text := query.Get("tailLines"); text != "" {
		if o.tail, err = strconv.Atoi(text); err != nil || o.tail < 0 {
			return o, false, fmt.Errorf("tailLines: %q is not a number of lines", text)
		}
	}
	if text := query.Get("limitBytes"); text != "" {
		if o.limit, err = strconv.ParseInt(text, 10, 64); err != nil || o.limit < 1 {
			return o, false, fmt.Errorf("limitBytes: %q is not a number of bytes", text)
		}
	}
	if text := query.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 1 {
			return o, false, fmt.Errorf("sinceSeconds: %q is not a number of seconds", text)
		}
		o.since = time.Now().Add(-time.Duration(seconds) * time.Second)
	}
	if text := query.Get("sinceTime"); text != "" {
		if o.since, err = time.Parse(time.RFC3339, text); err != nil {
			return o, false, fmt.Errorf("sinceTime: %w", err)
		}
	}
	return o, previous, nil
}

// attach is refused: the server of a workspace has no input or terminal.
func (k *kubelet) attach(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "a sandbox cannot attach to a workspace's server; use exec or ssh", http.StatusNotImplemented)
}

// exec runs a command with the workspace's environment and home.
func (k *kubelet) exec(w http.ResponseWriter, r *http.Request) {
	worker := k.find(w, r)
	if worker == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := worker.mayExec(r.PathValue("container")); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.streams.Add(1)
	defer k.streams.Done()
	remotecommand.ServeExec(w, r, &executor{worker: worker, ctx: k.ctx}, worker.name, string(worker.uid), r.PathValue("container"),
		r.URL.Query()["command"], options, streamIdle, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

// portForward joins streams to ports of the pod.
func (k *kubelet) portForward(w http.ResponseWriter, r *http.Request) {
	worker := k.find(w, r)
	if worker == nil {
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	k.streams.Add(1)
	defer k.streams.Done()
	portforward.ServePortForward(w, r, &forwarder{worker: worker, ctx: k.ctx}, worker.name, string(worker.uid), options,
		streamIdle, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}
