package sshconf_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/berth-sh/berth/sshconf"
	"github.com/berth-sh/berth/workspace/alias"
)

// proxyTo makes the test binary a ProxyCommand: it copies to this address.
const proxyTo = "BERTH_TEST_PROXY_TO"

func TestMain(m *testing.M) {
	if address := os.Getenv(proxyTo); address != "" {
		os.Exit(proxy(address))
	}
	if home := os.Getenv(writeTo); home != "" {
		runtime.LockOSThread() // a test counts the calls of this thread
		os.Exit(writer(home, os.Getenv(writeAs)))
	}
	os.Exit(m.Run())
}

// writeTo and writeAs make the test binary a second berth, which writes
// aliases of one namespace into a home.
const (
	writeTo       = "BERTH_TEST_WRITE_TO"
	writeAs       = "BERTH_TEST_WRITE_AS"
	writeOnce     = "BERTH_TEST_WRITE_ONCE" // one alias is enough
	processRounds = 6
)

func writer(home, namespace string) int {
	d, err := sshconf.Open(home, []string{"/opt/my tools/berth-connect"})
	rounds := processRounds
	if os.Getenv(writeOnce) != "" {
		rounds = 1
	}
	for r := 0; r < rounds && err == nil; r++ {
		f := alias.File{Name: fmt.Sprintf("ws-%d", r), UID: "u", User: "dev", Transport: alias.PortForward}
		_, err = d.Put(context.Background(), sshconf.Scope{Cluster: "c-1", Namespace: namespace}, f)
	}
	if err == nil {
		_, err = d.Install(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func proxy(address string) int {
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", address)
	if err != nil {
		return 1
	}
	// ssh ends its proxy by a hangup, which a process may have been started to
	// ignore; the end of its input is as good a sign.
	go func() {
		_, _ = io.Copy(conn, os.Stdin) // ends with ssh
		_ = conn.Close()               // ends the copy below
	}()
	if _, err := io.Copy(os.Stdout, conn); err != nil {
		return 1
	}
	return 0
}

var teamA = sshconf.Scope{Cluster: "c-1", ClusterName: "prod", Namespace: "team-a"}

func file(t testing.TB, name string) alias.File {
	t.Helper()
	return alias.File{
		Name: name, UID: "uid-" + name, User: "dev", HostKey: newPin(t),
		Transport: alias.Gateway, Address: "gw.example.com:80", Authority: name + "--team-a.example.com:22",
	}
}

func newPin(t testing.TB) string {
	t.Helper()
	pair, err := sshconf.NewKeyPair("")
	if err != nil {
		t.Fatal(err)
	}
	return pair.Public
}

// newDir gives a Dir in a home of its own. The path has a space, as homes of
// people do.
func newDir(t testing.TB) (*sshconf.Dir, string) {
	t.Helper()
	home := filepath.Join(t.TempDir(), "my home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	return openDir(t, home), home
}

func openDir(t testing.TB, home string) *sshconf.Dir {
	t.Helper()
	d, err := sshconf.Open(home, []string{"/opt/my tools/berth-connect"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t testing.TB, path, data string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func put(t testing.TB, d *sshconf.Dir, scope sshconf.Scope, files ...alias.File) sshconf.Changes {
	t.Helper()
	c, err := d.Put(t.Context(), scope, files...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reconcile(t testing.TB, d *sshconf.Dir, scope sshconf.Scope, files ...alias.File) sshconf.Changes {
	t.Helper()
	c, err := d.Reconcile(t.Context(), scope, files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func aliases(t testing.TB, d *sshconf.Dir) string {
	t.Helper()
	files, err := d.List()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Alias)
	}
	return strings.Join(names, " ")
}
