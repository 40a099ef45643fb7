package term

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/berth-sh/berth/workspace"
)

// The limits of what a program may say beside its screen.
const (
	maxEvents = 64  // that wait to be taken
	maxTitle  = 200 // bytes
	maxLink   = 2048
	// MaxClipboard is the longest text that may go to the clipboard, in bytes;
	// terminals stop at about 100 kB of base64.
	MaxClipboard = 74_994
)

func (s *screen) event(e Event) {
	for i, have := range s.events {
		if have.Kind == e.Kind && e.Kind != Notice { // the newest one is enough
			s.events = append(s.events[:i], s.events[i+1:]...)
			break
		}
	}
	if len(s.events) < maxEvents {
		s.events = append(s.events, e)
	}
}

// osc implements tokens.
func (s *screen) osc(b []byte) {
	s.printer.forget()
	if !utf8.Valid(b) {
		return
	}
	name, rest, _ := strings.Cut(string(b), ";")
	switch name {
	case "0", "2":
		s.event(Event{Title, safe(rest)})
	case "7":
		if path := directory(rest); path != "" {
			s.event(Event{Directory, path})
		}
	case "8":
		s.link(rest)
	case "9":
		if !strings.HasPrefix(rest, "4;") { // that is progress
			s.event(Event{Notice, safe(rest)})
		}
	case "777":
		if _, text, ok := strings.Cut(rest, "notify;"); ok {
			s.event(Event{Notice, safe(strings.ReplaceAll(text, ";", ": "))})
		}
	case "10", "11", "12":
		if rest == "?" {
			s.askColor(number([]byte(name)))
		}
	case "52":
		s.clipboard(rest)
	}
}

// safe makes a short line of what a program says.
func safe(text string) string {
	if len(text) > maxTitle {
		text = strings.ToValidUTF8(text[:maxTitle], "")
	}
	return workspace.Safe(text)
}

// clipboard passes on what a program wants to be copied. What the clipboard
// holds is never told: a question is not answered.
func (s *screen) clipboard(rest string) {
	_, data, ok := strings.Cut(rest, ";")
	if !ok || data == "" || data == "?" {
		return
	}
	text, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(text) > MaxClipboard || !utf8.Valid(text) {
		return
	}
	s.event(Event{Clipboard, string(text)})
}

// directory reads the path of a file: URL, "" if it is none.
func directory(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "file" || !strings.HasPrefix(u.Path, "/") || workspace.Safe(u.Path) != u.Path {
		return ""
	}
	return u.Path
}

// link begins or ends a hyperlink. Only addresses that a browser or mail
// program opens are passed on, so that clicking one starts nothing else.
func (s *screen) link(rest string) {
	_, target, _ := strings.Cut(rest, ";")
	if target == "" {
		s.put("\x1b]8;;\x1b\\")
		return
	}
	u, err := url.Parse(target)
	if err != nil || len(target) > maxLink {
		s.put("\x1b]8;;\x1b\\")
		return
	}
	switch u.Scheme {
	case "http", "https", "mailto":
		s.put(fmt.Sprintf("\x1b]8;;%s\x1b\\", address(target)))
	default:
		s.put("\x1b]8;;\x1b\\")
	}
}

// address writes an address in ASCII, and without what x/vt takes for the end
// of a parameter.
func address(target string) string {
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c > 0x20 && c < 0x7f && c != ';' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
