package tunnel

import "strings"

// Environ picks from environ ("NAME=value" pairs) what a remote shell should
// know about this side's terminal: the language and its colours.
func Environ(environ []string) []string {
	var picked []string
	for _, pair := range environ {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || value == "" {
			continue
		}
		if name == "LANG" || name == "COLORTERM" || strings.HasPrefix(name, "LC_") {
			picked = append(picked, pair)
		}
	}
	return picked
}
