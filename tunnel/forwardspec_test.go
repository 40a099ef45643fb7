package tunnel_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/berth-sh/berth/tunnel"
	"github.com/berth-sh/berth/workspace"
)

// written is a forward as the test names it.
func written(f tunnel.Forward) string {
	arrow := " > "
	if f.Reverse {
		arrow = " < "
	}
	return f.Listen.Network + " " + f.Listen.Address + arrow + f.Target.Network + " " + f.Target.Address
}

func TestParseForward(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		"8080":                     "tcp localhost:8080 > tcp localhost:8080",
		"8080:3000":                "tcp localhost:8080 > tcp localhost:3000",
		"0:3000":                   "tcp localhost:0 > tcp localhost:3000",
		"127.0.0.1:8080:3000":      "tcp 127.0.0.1:8080 > tcp localhost:3000",
		"*:8080:3000":              "tcp *:8080 > tcp localhost:3000",
		"8080:db.internal:5432":    "tcp localhost:8080 > tcp db.internal:5432",
		"0.0.0.0:80:10.0.0.7:8080": "tcp 0.0.0.0:80 > tcp 10.0.0.7:8080",
		"[::1]:8080:[fe80::1]:80":  "tcp [::1]:8080 > tcp [fe80::1]:80",
		"8080:[::1]:80":            "tcp localhost:8080 > tcp [::1]:80",
		"./my.sock:/run/app.sock":  "unix ./my.sock > unix /run/app.sock",
		"8080:/run/app.sock":       "tcp localhost:8080 > unix /run/app.sock",
		"/tmp/my.sock:3000":        "unix /tmp/my.sock > tcp localhost:3000",
		"/tmp/my.sock:db:5432":     "unix /tmp/my.sock > tcp db:5432",
		"8000-8001:9000-9001":      "tcp localhost:8000 > tcp localhost:9000, tcp localhost:8001 > tcp localhost:9001",
		"8000-8001":                "tcp localhost:8000 > tcp localhost:8000, tcp localhost:8001 > tcp localhost:8001",
		"127.0.0.2:80-81:db:90-91": "tcp 127.0.0.2:80 > tcp db:90, tcp 127.0.0.2:81 > tcp db:91",
	} {
		forwards, err := tunnel.ParseForward(arg, false)
		if err != nil {
			t.Errorf("%s: %v", arg, err)
			continue
		}
		var got []string
		for _, f := range forwards {
			got = append(got, written(f))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s is %s, want %s", arg, strings.Join(got, ", "), want)
		}
	}
	forwards, err := tunnel.ParseForward("9000:3000", true)
	if err != nil || len(forwards) != 1 || written(forwards[0]) != "tcp localhost:9000 < tcp localhost:3000" {
		t.Errorf("reverse: %v, %v", forwards, err)
	}
}

func TestParseForwardRefuses(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{
		"", ":", "x", "0", "65536", "-1", "8080:", ":8080", "8080:0", "80:90:100:110:120", "8080::3000", "80 80",
		"8000-8001:9000", "8001-8000", "1-65535", "0-5", "8000-8001-8002", "[::1:80", "[db]:80:80", "[::1]80:80",
		"-oProxyCommand=x:80:80", "8080:$(id):80", "8080:db\n:80", "/run/a.sock", "8080:./relative.sock", "80:90:100:",
	} {
		if forwards, err := tunnel.ParseForward(arg, false); !errors.Is(err, workspace.ErrUsage) || workspace.HintOf(err) == "" {
			t.Errorf("%q: %v, %v", arg, forwards, err)
		}
	}
	if _, err := tunnel.ParseForward("./here.sock:3000", true); err == nil {
		t.Error("a relative socket in the workspace was taken")
	}
}

func TestExposedSaysWhoGetsIn(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]bool{
		"80:90": false, "127.0.0.1:80:90": false, "[::1]:80:90": false, "*:80:90": true, "0.0.0.0:80:90": true, "192.0.2.1:80:90": true, "./s:80": false,
	} {
		forwards, err := tunnel.ParseForward(arg, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := forwards[0].Listen.Exposed(); got != want {
			t.Errorf("%s exposed: %v", fmt.Sprint(arg), got)
		}
	}
}

func FuzzParseForward(f *testing.F) {
	f.Add("127.0.0.1:8080:db:3000")
	f.Add("[::1]:1-2:3-4")
	f.Fuzz(func(t *testing.T, arg string) {
		forwards, err := tunnel.ParseForward(arg, false)
		if (err == nil) != (len(forwards) > 0) {
			t.Errorf("%q: %v, %v", arg, forwards, err)
		}
		for _, f := range forwards {
			if strings.ContainsAny(f.Target.Address, "\n\r\x00 ") && f.Target.Network == "tcp" {
				t.Errorf("%q names %q", arg, f.Target.Address)
			}
		}
	})
}
