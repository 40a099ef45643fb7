package cli

import (
	"testing"

	"github.com/berth-sh/berth/workspace"
)

func TestParseDf(t *testing.T) {
	const head = "Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
	for _, c := range []struct {
		text string
		want workspace.HomeUsage
	}{
		{head + "/dev/sdb          10218772  3250176   6952212      32% /home/dev\n", workspace.HomeUsage{Used: 3250176 << 10, Size: 10218772 << 10}},
		{head + "a disk of mine    10218772  3250176   6952212      32% /home/dev\n", workspace.HomeUsage{Used: 3250176 << 10, Size: 10218772 << 10}},
		{head + "/dev/sdb          10218772  3250176   6952212      32% /home/my files\n", workspace.HomeUsage{Used: 3250176 << 10, Size: 10218772 << 10}},
		{"", workspace.HomeUsage{}},
		{head, workspace.HomeUsage{}},
		{head + "/dev/sdb x y z 3% /", workspace.HomeUsage{}},
		{head + "/dev/sdb 0 0 0 0% /", workspace.HomeUsage{}},
		{head + "/dev/sdb -5 -6 0 0% /", workspace.HomeUsage{}},
		{head + "/dev/sdb 99999999999999999999 1 1 1% /", workspace.HomeUsage{}},
		{"df: \x1b[31mno\n1 2 3 4 5 6", workspace.HomeUsage{}},
	} {
		got, ok := parseDf(c.text)
		if got != c.want || ok != (c.want.Size > 0) {
			t.Errorf("%q: %+v, %t", c.text, got, ok)
		}
	}
}
