package tunnel

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestEscapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		keys  string
		sent  string
		leave bool
		help  bool
	}{
		"plain":                {"ls\r", "ls\r", false, false},
		"first key":            {"~.x", "", true, false},
		"after enter":          {"ls\r~.x", "ls\r", true, false},
		"after line feed":      {"ls\n~.", "ls\n", true, false},
		"in a line":            {"a~.b", "a~.b", false, false},
		"a tilde":              {"\r~~.", "\r~.", false, false},
		"help":                 {"~?ls", "ls", false, true},
		"help, then leave":     {"~?~.", "", true, true},
		"another key":          {"~x~.", "~x~.", false, false},
		"enter between":        {"~\r~.", "~\r", true, false},
		"home directory":       {"cd ~/x\r", "cd ~/x\r", false, false},
		"two tildes then text": {"~~a", "~a", false, false},
	}
	for name, tt := range tests {
		for _, reader := range []io.Reader{strings.NewReader(tt.keys), iotest.OneByteReader(strings.NewReader(tt.keys))} {
			var help bytes.Buffer
			sent, err := io.ReadAll(&escapes{in: reader, help: &help})
			if errors.Is(err, ErrDisconnected) != tt.leave || (help.Len() > 0) != tt.help {
				t.Errorf("%s: error %v, help %q", name, err, &help)
			}
			// What is typed together with ~. never mattered any more.
			if _, whole := reader.(*strings.Reader); string(sent) != tt.sent && (!tt.leave || !whole) {
				t.Errorf("%s: sent %q, want %q", name, sent, tt.sent)
			}
		}
	}
}

func TestModesAreResetExactly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ out, reset string }{
		"nothing":            {"hello \x1b[1;31mred\x1b[0m\r\n", ""},
		"vim left properly":  {"\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l", ""},
		"vim cut off":        {"\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25l", "\x1b[?2004l\x1b[?1l\x1b[?1049l\x1b>\x1b[?25h\x1b[0m"},
		"mouse":              {"\x1b[?1000;1006h", "\x1b[?1006l\x1b[?1000l\x1b[0m"},
		"mouse off again":    {"\x1b[?1000;1006h\x1b[?1006;1000l", ""},
		"set twice":          {"\x1b[?2004h\x1b[?2004h", "\x1b[?2004l\x1b[0m"},
		"kitty keys":         {"\x1b[>1u\x1b[>3u\x1b[<u", "\x1b[<1u\x1b[0m"},
		"modify other keys":  {"\x1b[>4;2m", "\x1b[>4m\x1b[0m"},
		"cut in a sequence":  {"\x1b[?10", "\x18\x1b[0m"},
		"autowrap is not us": {"\x1b[?7h", ""},
		"a title":            {"\x1b]0;[?1049h\x07", ""},
		"nonsense":           {"\x1b[?;;x;99999999999999999999h", ""},
	}
	for name, tt := range tests {
		for _, size := range []int{1, len(tt.out)} {
			var out bytes.Buffer
			m := &modes{w: &out}
			for rest := tt.out; rest != ""; rest = rest[min(size, len(rest)):] {
				_, _ = io.WriteString(m, rest[:min(size, len(rest))])
			}
			if got := m.reset(); got != tt.reset || out.String() != tt.out {
				t.Errorf("%s: reset %q, want %q; output %q", name, got, tt.reset, &out)
			}
		}
	}
}
