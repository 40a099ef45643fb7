package connect

import (
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

// NO_PROXY has no standard. What Go's own client makes of it is what kubectl
// and most of a developer's tools do, so this package has to agree.
func TestExemptionsAreThoseOfGo(t *testing.T) {
	t.Parallel()
	hosts := []string{
		"example.com", "ssh.example.com", "a.ssh.example.com", "notexample.com", "EXAMPLE.com", "example.com.evil.test",
		"192.0.2.1", "192.0.2.10", "198.51.100.7", "2001:db8::1", "2001:db8:1::1", "ssh", "com",
	}
	entries := []string{
		"*", "", " ", ",", "example.com", ".example.com", "*.example.com", " example.com ", "EXAMPLE.COM", "ssh.example.com:443",
		"ssh.example.com:80", ".example.com:443", "192.0.2.1", "192.0.2.1:443", "192.0.2.1:80", "192.0.2.0/24", "192.0.2.0/31",
		"2001:db8::1", "[2001:db8::1]:443", "[2001:db8::1]:22", "2001:db8::/32", "2001:db8::/64", "com", ".com",
		"other.test", ":443", "[]", "ssh", "*com", "*", "192.0.2.0/99", "::ffff:192.0.2.1",
	}
	check := func(list string) {
		t.Helper()
		for _, host := range hosts {
			for _, port := range []string{"443", "22"} {
				config := httpproxy.Config{HTTPSProxy: "http://proxy:3128", NoProxy: list}
				proxy, err := config.ProxyFunc()(&url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := isExempt(list, host, port), proxy == nil; got != want {
					t.Errorf("NO_PROXY=%q, %s port %s: exempt is %t, want %t", list, host, port, got, want)
				}
			}
		}
	}
	for _, entry := range entries {
		check(entry)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var list []string
		for range 1 + random.IntN(4) {
			list = append(list, entries[1+random.IntN(len(entries)-1)])
		}
		check(strings.Join(list, ","))
	}
	// The one thing that Go passes over, and that nobody can mean otherwise.
	if !isExempt("[2001:db8::1]", "2001:db8::1", "443") {
		t.Error("an address in brackets is not exempt")
	}
}
