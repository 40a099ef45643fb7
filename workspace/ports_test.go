package workspace_test

import (
	"errors"
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestParsePorts(t *testing.T) {
	for text, want := range map[string]workspace.Ports{
		"31000-31015": {First: 31000, Last: 31015},
		"31000":       {First: 31000, Last: 31000},
		"1024-2047":   {First: 1024, Last: 2047},
	} {
		got, err := workspace.ParsePorts(text)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "-", "31000-", "-31000", "31015-31000", "22-80", "1023-1100", "65535-65536", "1024-2048", "0031000", "+31000", "31000-31015-31020",
		" 31000", "31000–31015", "31e3", "99999999999999999999",
	} {
		if got, err := workspace.ParsePorts(text); !errors.Is(err, workspace.ErrUsage) || got != (workspace.Ports{}) {
			t.Errorf("%q is %v, %v, want a usage error", text, got, err)
		}
	}
}

func TestPortsHoldBothEnds(t *testing.T) {
	p := workspace.Gateway{Ports: "31000-31015"}.PortRange()
	if p.Count() != 16 || !p.Has(31000) || !p.Has(31015) || p.Has(30999) || p.Has(31016) || p.String() != "31000-31015" {
		t.Errorf("range is %v with %d ports", p, p.Count())
	}
	if none := (workspace.Gateway{}).PortRange(); none.Count() != 0 || none.Has(0) {
		t.Errorf("no range is %v", none)
	}
}
