package sshconf

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

var testLine = includeLine{text: `Include "~/.ssh/berth/config"`, paths: []string{"~/.ssh/berth/config", "berth/config"}}

const added = `Include "~/.ssh/berth/config"`

func TestIncludeIsAddedAndRemoved(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ before, after string }{
		"empty":                 {"", added + "\n"},
		"hosts":                 {"Host a\n  User b\n", added + "\nHost a\n  User b\n"},
		"match first":           {"Match all\n  User b\n", added + "\nMatch all\n  User b\n"},
		"no last line break":    {"Host a", added + "\nHost a"},
		"crlf":                  {"Host a\r\n  User b\r\n", added + "\r\nHost a\r\n  User b\r\n"},
		"byte order mark":       {"\xef\xbb\xbfHost a\n", "\xef\xbb\xbf" + added + "\nHost a\n"},
		"mark only":             {"\xef\xbb\xbf", "\xef\xbb\xbf" + added + "\n"},
		"blank lines":           {"\n\n\n", added + "\n\n\n\n"},
		"comment with our line": {"# " + added + "\n", added + "\n# " + added + "\n"},
		"below a host":          {"Host a\n" + added + "\n", added + "\nHost a\n" + added + "\n"},
		"below a quoted match":  {"\t\"Match\"=all\n" + added + "\n", added + "\n\t\"Match\"=all\n" + added + "\n"},
		"another file":          {"Include ~/.ssh/berth/config.d/*\n", added + "\nInclude ~/.ssh/berth/config.d/*\n"},
		"hostname is no block":  {"Hostname x\n  " + added + "\n", ""},
		"there":                 {added + "\nHost a\n", ""},
		"there without quotes":  {"# mine\ninclude = ~/.ssh/berth/config  \nHost a\n", ""},
		"there and relative":    {"INCLUDE\tberth/config\n", ""},
		"there with others":     {"Include other \"~/.ssh/berth/config\" # both\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := tt.after
			if want == "" {
				want = tt.before
			}
			got, err := testLine.add([]byte(tt.before))
			if err != nil || string(got) != want {
				t.Fatalf("add gave %q, %v; want %q", got, err, want)
			}
			if tt.after != "" {
				if back := testLine.remove(got); string(back) != tt.before {
					t.Errorf("remove gave %q, want %q", back, tt.before)
				}
			}
		})
	}
}

func TestFindTellsWhereTheLineStands(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		data              string
		top, below, block int
		alone             bool
	}{
		"nothing":      {"Host a\n", 0, 0, 1, false},
		"top":          {"# x\n" + added + "\nHost a\n", 2, 0, 3, true},
		"with others":  {"Include a berth/config\n", 1, 0, 0, false},
		"below":        {"Host a\n  " + added + "\n", 0, 2, 1, false},
		"top and both": {added + "\nMatch all\n" + added + "\n" + added, 1, 3, 2, true},
	}
	for name, tt := range tests {
		p := testLine.find([]byte(tt.data))
		if p.top != tt.top || p.below != tt.below || p.block != tt.block || p.alone != tt.alone {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestRemoveLeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "Host a\n", "Host a\n" + added + "\n", "Include other berth/config\nHost a\n"} {
		if got := testLine.remove([]byte(data)); string(got) != data {
			t.Errorf("remove(%q) = %q", data, got)
		}
	}
}

func TestTextThatSSHCannotReadIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := testLine.add([]byte("\xff\xfeH\x00o\x00s\x00t\x00")); !errors.Is(err, errNotText) {
		t.Errorf("UTF-16: %v", err)
	}
}

func TestForeignHosts(t *testing.T) {
	t.Parallel()
	data := "Host a *.b !c -oProxyCommand=x d;e \"f.g\"\nHostname no\n# Host no\nhost=h_1\n\tHost i j\n"
	if got, want := foreignHosts([]byte(data), 4), []string{"a", "f.g", "h_1", "i"}; !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
}

// Whatever the file is, adding the line and removing it gives it back, and
// adding it twice is adding it once.
func FuzzIncludeRoundTrip(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "\r\n", "\xef\xbb\xbf", "Host a\n", "Host a\r\n  User b\r\n", "Match exec \"x\"\n", "\"", "=", "Include",
		"include \"", "Include \"~/.ssh/berth/config", "Host=a\nInclude berth/config", "\f\tHost\f\n", "#\r", "a\rb\n",
		added, added + "\n", added + "\r\nHost x", "Include x " + added, "\xef\xbb\xbf" + added + "\n", "\xff\xfe",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		original := bytes.Clone(data)
		once, err := testLine.add(data)
		if err != nil {
			return
		}
		if testLine.find(once).top == 0 {
			t.Fatalf("the line does not count in %q", once)
		}
		if twice, err := testLine.add(once); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("twice: %q, %v", twice, err)
		}
		if !bytes.Equal(once, original) && !bytes.Equal(testLine.remove(once), original) {
			t.Fatalf("remove(add(%q)) = %q", original, testLine.remove(once))
		}
		if !bytes.Equal(data, original) {
			t.Fatal("the input was changed")
		}
	})
}
