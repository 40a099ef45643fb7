package cli

import (
	"strconv"
	"strings"
)

// lightBackground reads COLORFGBG, in which some terminals name the colours of
// text and background, "0;15" or "0;default;15", as numbers of the sixteen. It
// is what there is to go by where a terminal, or tmux in between, does not answer
// when it is asked.
func lightBackground(colorfgbg string) bool {
	i := strings.LastIndexByte(colorfgbg, ';')
	n, err := strconv.Atoi(colorfgbg[i+1:])
	return i >= 0 && err == nil && (n == 7 || n > 8 && n < 16)
}
