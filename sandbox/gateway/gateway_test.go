package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
)

// objects is the cluster that the tests' gateway sees.
func objects() []runtime.Object {
	return []runtime.Object{
		service("team-a", "api", manager), slice("team-a", "api", "10.88.0.5", true),
		service("team--a", "api", manager), slice("team--a", "api", "10.88.0.6", true),
		service("team-a", "stopped", manager),
		service("team-a", "unready", manager), slice("team-a", "unready", "10.88.0.7", false),
		service("team-a", "refusing", manager), slice("team-a", "refusing", "10.88.0.8", true),
		service("team-a", "foreign", "someone"), slice("team-a", "foreign", "10.88.0.9", true),
	}
}

func service(namespace, name, by string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{managedBy: by}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "tcp-ssh", Port: 22}}},
	}
}

func slice(namespace, name, ip string, ready bool) *discoveryv1.EndpointSlice {
	port, portName := int32(2222), "tcp-ssh"
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-x1", Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		Endpoints:  []discoveryv1.Endpoint{{Addresses: []string{ip}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
		Ports:      []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
	}
}

// running is a gateway that serves, and the upstreams that it dialed.
type running struct {
	address   string
	upstreams chan net.Conn // our ends
	dialed    chan string
	stop      func()
}

// start serves a gateway; it ends with the test at the latest.
func start(t *testing.T, edit func(*Gateway)) *running {
	t.Helper()
	r := &running{upstreams: make(chan net.Conn, 16), dialed: make(chan string, 16)}
	backend := listen(t)
	g := newGateway(Config{Domain: "ws.test", Dial: func(ctx context.Context, ip string, port int) (net.Conn, error) {
		if ip == "10.88.0.8" {
			return nil, errors.New("connection refused")
		}
		r.dialed <- fmt.Sprintf("%s:%d", ip, port)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", backend.Addr().String())
		if err != nil {
			return nil, err
		}
		upstream, err := backend.Accept()
		if err != nil {
			return nil, err
		}
		r.upstreams <- upstream
		return conn, nil
	}}, fake.NewClientset(objects()...))
	if edit != nil {
		edit(g)
	}
	ln := listen(t)
	r.address = ln.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(ctx, ln) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
	t.Cleanup(r.stop)
	return r
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// ask sends text to the gateway.
func (r *running) ask(t *testing.T, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second)) // a closed connection fails in the read
	if _, err := io.WriteString(conn, text); err != nil && len(text) < maxHeader {
		t.Fatal(err) // a request that is too long may be answered before its end
	}
	return conn, bufio.NewReader(conn)
}

func connectTo(authority string) string {
	return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n"
}

func TestAnswers(t *testing.T) {
	r := start(t, nil)
	tests := []struct {
		name, request string
		code          int
		body          string
		dialed        string
	}{
		{name: "ready", request: connectTo("api--team-a.ws.test:22"), code: 200, dialed: "10.88.0.5:2222"},
		{name: "case does not matter", request: connectTo("API--Team-A.WS.Test:22"), code: 200, dialed: "10.88.0.5:2222"},
		{name: "first separator splits", request: connectTo("api--team--a.ws.test:22"), code: 200, dialed: "10.88.0.6:2222"},
		{name: "unknown name", request: connectTo("nosuch--team-a.ws.test:22"), code: 404},
		{name: "unknown namespace", request: connectTo("api--nosuch.ws.test:22"), code: 404},
		{name: "unknown port", request: connectTo("api--team-a.ws.test:2222"), code: 404},
		{name: "other domain", request: connectTo("api--team-a.ws.example:22"), code: 404},
		{name: "no domain", request: connectTo("api--team-a:22"), code: 404},
		{name: "no namespace", request: connectTo("api.ws.test:22"), code: 404},
		{name: "more labels", request: connectTo("api--team-a.x.ws.test:22"), code: 404},
		{name: "loopback", request: connectTo("127.0.0.1:22"), code: 404},
		{name: "no port", request: connectTo("api--team-a.ws.test"), code: 404},
		{name: "somebody else's service", request: connectTo("foreign--team-a.ws.test:22"), code: 404},
		{name: "stopped", request: connectTo("stopped--team-a.ws.test:22"), code: 503, body: "no healthy upstream"},
		{name: "unready", request: connectTo("unready--team-a.ws.test:22"), code: 503, body: "no healthy upstream"},
		{name: "refusing", request: connectTo("refusing--team-a.ws.test:22"), code: 503, body: "upstream connect error"},
		{name: "other method", request: "GET / HTTP/1.1\r\nHost: api--team-a.ws.test\r\n\r\n", code: 404},
		{name: "not HTTP", request: "SSH-2.0-OpenSSH_9.2\r\n", code: 400},
		{name: "too long", request: "CONNECT api--team-a.ws.test:22 HTTP/1.1\r\nX: " + strings.Repeat("x", maxHeader) + "\r\n\r\n", code: 431},
		{name: "long", request: "CONNECT api--team-a.ws.test:22 HTTP/1.1\r\nHost: api--team-a.ws.test:22\r\nX: " + strings.Repeat("x", maxHeader-200) + "\r\n\r\n", code: 200, dialed: "10.88.0.5:2222"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, reader := r.ask(t, tt.request)
			response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodGet})
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tt.code {
				t.Errorf("answered %s", response.Status)
			}
			if tt.dialed != "" {
				if got := <-r.dialed; got != tt.dialed {
					t.Errorf("dialed %s, want %s", got, tt.dialed)
				}
				_ = (<-r.upstreams).Close()
				return
			}
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.HasPrefix(string(body), tt.body) {
				t.Errorf("body %q, %v", body, err)
			}
		})
	}
}

func TestRefusedClientMayAskAgain(t *testing.T) {
	r := start(t, nil)
	conn, reader := r.ask(t, connectTo("nosuch--team-a.ws.test:22"))
	for range 2 {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode == http.StatusOK {
			return
		}
		if _, err := io.WriteString(conn, connectTo("api--team-a.ws.test:22")); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("the second request was not served")
}

// join asks for a workspace and returns both ends.
func (r *running) join(t *testing.T, early string) (client net.Conn, reader *bufio.Reader, upstream net.Conn) {
	t.Helper()
	client, reader = r.ask(t, connectTo("api--team-a.ws.test:22")+early)
	response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	return client, reader, <-r.upstreams
}

func TestBytesPassBothWays(t *testing.T) {
	r := start(t, nil)
	client, reader, upstream := r.join(t, "early ")
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	go func() {
		_, _ = client.Write(data) // what is missing shows on the other side
	}()
	got := make([]byte, len("early ")+len(data))
	if _, err := io.ReadFull(upstream, got); err != nil || !bytes.Equal(got[len("early "):], data) || !bytes.HasPrefix(got, []byte("early ")) {
		t.Errorf("towards the workspace: %v", err)
	}
	go func() {
		_, _ = upstream.Write(data) // as above
	}()
	got = got[:len(data)]
	if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, data) {
		t.Errorf("towards the client: %v", err)
	}
}

func TestEitherEndEndsBoth(t *testing.T) {
	r := start(t, nil)
	t.Run("client", func(t *testing.T) {
		client, _, upstream := r.join(t, "")
		_ = client.Close()
		atEnd(t, upstream)
	})
	t.Run("client's half", func(t *testing.T) {
		client, reader, upstream := r.join(t, "")
		if err := client.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		atEnd(t, upstream)
		atEnd(t, reader)
	})
	t.Run("workspace", func(t *testing.T) {
		_, reader, upstream := r.join(t, "")
		if _, err := io.WriteString(upstream, "last words"); err != nil {
			t.Fatal(err)
		}
		_ = upstream.Close()
		if got, err := io.ReadAll(reader); err != nil || string(got) != "last words" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("gateway", func(t *testing.T) {
		_, reader, upstream := r.join(t, "")
		r.stop()
		atEnd(t, upstream)
		atEnd(t, reader)
	})
}

// atEnd reads nothing but the end; a reset is an end too.
func atEnd(t *testing.T, from io.Reader) {
	t.Helper()
	if conn, ok := from.(net.Conn); ok {
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second)) // a closed connection fails in the read
	}
	n, err := from.Read(make([]byte, 1))
	var timeout net.Error
	if n > 0 || err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("%d bytes, %v: the connection goes on", n, err)
	}
}

func TestSlowClientIsDropped(t *testing.T) {
	r := start(t, func(g *Gateway) { g.headerTimeout = 50 * time.Millisecond })
	_, reader := r.ask(t, "CONNECT api--team-a")
	if got, err := io.ReadAll(reader); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 408 ") {
		t.Errorf("%q, %v", got, err)
	}
	_, reader = r.ask(t, "")
	atEnd(t, reader)
}

func TestJoinedConnectionIsNotSlow(t *testing.T) {
	r := start(t, func(g *Gateway) { g.headerTimeout = 50 * time.Millisecond })
	_, reader, upstream := r.join(t, "")
	<-time.After(150 * time.Millisecond) // longer than the limit, which must not hold any more
	if _, err := io.WriteString(upstream, "x"); err != nil {
		t.Fatal(err)
	}
	if b, err := reader.ReadByte(); err != nil || b != 'x' {
		t.Errorf("%q, %v", b, err)
	}
}
