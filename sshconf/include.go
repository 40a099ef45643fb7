package sshconf

// The one line in the user's file, as functions from bytes to bytes.
//
// The line stands at the very top: ssh takes the first value it meets, and an
// Include below a Host or Match line counts for that block only. Where it
// already stands above the first block, the file stays as it is. A copy below
// a block is left to the user and reported; the line at the top makes it
// harmless. Taking the line out gives back the file as it was, byte for byte:
// byte order mark, line ends and a missing last line break included.

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// errNotText is returned for a file that ssh could not read either.
var errNotText = errors.New("file is not plain text")

var bom = []byte("\xef\xbb\xbf")

// placement says where the line stands; line numbers start at 1, 0 is absent.
type placement struct {
	top   int  // above the first Host or Match line: it counts
	alone bool // the line at top includes nothing else, so it may be removed
	below int  // first copy inside a block: it does not count
	block int  // the first Host or Match line
	start int  // offset of the line at top
	end   int  // offset behind its line break
}

// includeLine knows the line by the paths that mean the same file.
type includeLine struct {
	text  string   // as it is written
	paths []string // every spelling, the written one among them
}

// find locates the line in data.
func (l includeLine) find(data []byte) placement {
	var p placement
	offset := 0
	if bytes.HasPrefix(data, bom) {
		offset = len(bom)
	}
	for number := 1; offset < len(data); number++ {
		end := len(data)
		if i := bytes.IndexByte(data[offset:], '\n'); i >= 0 {
			end = offset + i + 1
		}
		keyword, args := splitLine(string(data[offset:end]))
		switch {
		case keyword == "host" || keyword == "match":
			if p.block == 0 {
				p.block = number
			}
		case keyword == "include" && l.names(args):
			if p.block > 0 && p.below == 0 {
				p.below = number
			}
			if p.block == 0 && p.top == 0 {
				p.top, p.alone, p.start, p.end = number, len(args) == 1, offset, end
			}
		}
		offset = end
	}
	return p
}

func (l includeLine) names(args []string) bool {
	for _, arg := range args {
		for _, path := range l.paths {
			if arg == path {
				return true
			}
		}
	}
	return false
}

// add puts the line at the top, unless it already counts.
func (l includeLine) add(data []byte) ([]byte, error) {
	if bytes.IndexByte(data, 0) >= 0 {
		return nil, errNotText
	}
	if l.find(data).top > 0 {
		return data, nil
	}
	eol := "\n"
	if i := bytes.IndexByte(data, '\n'); i > 0 && data[i-1] == '\r' {
		eol = "\r\n"
	}
	var mark []byte
	if bytes.HasPrefix(data, bom) {
		mark, data = bom, data[len(bom):]
	}
	return slices.Concat(mark, []byte(l.text+eol), data), nil
}

// remove takes out the line that counts. A line that includes other files as
// well is the user's own and stays.
func (l includeLine) remove(data []byte) []byte {
	p := l.find(data)
	if p.top == 0 || !p.alone {
		return data
	}
	return slices.Concat(data[:p.start], data[p.end:])
}

// splitLine gives the lower-case keyword and the arguments of one line, as far
// as ssh's quoting matters to Host, Match and Include.
func splitLine(line string) (keyword string, args []string) {
	line = strings.Trim(line, " \t\r\n\f")
	if line == "" || line[0] == '#' {
		return "", nil
	}
	keyword, rest := nextWord(line, " \t=")
	rest = strings.TrimLeft(rest, " \t")
	rest = strings.TrimPrefix(rest, "=")
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == '#' {
			return strings.ToLower(keyword), args
		}
		var word string
		word, rest = nextWord(rest, " \t")
		args = append(args, word)
	}
}

// nextWord cuts a word, quoted or not, off a non-empty s.
func nextWord(s, separators string) (word, rest string) {
	if s[0] == '"' {
		if word, rest, ok := strings.Cut(s[1:], `"`); ok {
			return word, rest
		}
	}
	if i := strings.IndexAny(s, separators); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// foreignHosts gives up to limit literal names of the user's Host lines: what
// must mean the same before and after the line was added.
func foreignHosts(data []byte, limit int) []string {
	var hosts []string
	for line := range strings.Lines(string(data)) {
		keyword, args := splitLine(line)
		if keyword != "host" {
			continue
		}
		for _, host := range args {
			if len(hosts) == limit {
				return hosts
			}
			if plainHost(host) {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

// plainHost keeps patterns, options and shell text away from an argv.
func plainHost(host string) bool {
	if len(host) > 253 || host == "" || host[0] == '-' {
		return false
	}
	return strings.IndexFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
	}) < 0
}
