package tunnel_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/tunnel/sshtest"
)

// hostile serves SSH as no sshd would: an endless banner, then channels
// toward the client. It reports how many of those were taken.
func hostile(t *testing.T, banner string) (config tunnel.Config, taken <-chan int) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	host, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	server := &ssh.ServerConfig{
		BannerCallback:    func(ssh.ConnMetadata) string { return banner },
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
	}
	server.AddHostKey(host)
	counts := make(chan int, 1)
	listener := sshtest.Listen(t, nil, func(raw net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(raw, server)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		go func() {
			for channel := range channels {
				_ = channel.Reject(ssh.Prohibited, "no")
			}
		}()
		count := 0
		for _, kind := range []string{"forwarded-tcpip", "auth-agent@openssh.com", "x11", "session", "direct-tcpip", "forwarded-streamlocal@openssh.com"} {
			payload := ssh.Marshal(struct {
				Addr       string
				Port       uint32
				OriginAddr string
				OriginPort uint32
			}{"127.0.0.1", 22, "127.0.0.1", 4000})
			if _, _, err := conn.OpenChannel(kind, payload); err == nil {
				count++
			}
		}
		counts <- count
		_ = conn.Wait()
	})
	path := filepath.Join(t.TempDir(), "id")
	sshtest.WriteKey(t, path, "")
	return tunnel.Config{
		Dial: dialer(listener.Addr), User: "dev", Keys: tunnel.Keys{Files: []string{path}},
		HostKey: string(ssh.MarshalAuthorizedKey(host.PublicKey())),
	}, counts
}

func TestAHostileServerOpensNothing(t *testing.T) {
	t.Parallel()
	config, taken := hostile(t, strings.Repeat("\x1b]52;c;aGk=\x07lots \u202e", 10_000))
	var banner bytes.Buffer
	config.Banner = func(text string) { banner.WriteString(text) }
	client := login(t, config)
	if n := <-taken; n != 0 {
		t.Errorf("%d channels from the server were taken", n)
	}
	if strings.ContainsAny(banner.String(), "\x1b\x07\u202e") || banner.Len() == 0 || strings.Count(banner.String(), "lots") > 8<<10/20 {
		t.Errorf("banner of %d bytes: %.80q", banner.Len(), &banner)
	}
	if _, err := client.Exec(t.Context(), "true", tunnel.Streams{}, nil, nil); err == nil {
		t.Error("a refused session was no error")
	}
}
