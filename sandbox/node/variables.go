package node

import "strings"

// variables is an environment under construction: later settings win, and the
// order of first settings is kept.
type variables struct {
	names  []string
	values map[string]string
}

func newVariables() *variables { return &variables{values: map[string]string{}} }

// set sets one variable.
func (v *variables) set(name, value string) {
	if _, known := v.values[name]; !known {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

// list returns NAME=VALUE entries.
func (v *variables) list() []string {
	entries := make([]string, 0, len(v.names))
	for _, name := range v.names {
		entries = append(entries, name+"="+v.values[name])
	}
	return entries
}

// expand replaces $(NAME) as pods do: $$ stands for one $, and a reference to
// something unknown stays as it is.
func (v *variables) expand(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		rest := text[i+1:]
		end := strings.IndexByte(rest, ')')
		switch {
		case rest[0] == '$':
			b.WriteByte('$')
			text = rest[1:]
		case rest[0] == '(' && end > 0:
			if value, known := v.values[rest[1:end]]; known {
				b.WriteString(value)
			} else {
				b.WriteString(text[i : i+end+2])
			}
			text = rest[end+1:]
		default:
			b.WriteByte('$')
			text = rest
		}
	}
}
