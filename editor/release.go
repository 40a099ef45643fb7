package editor

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// released is how programs call their releases: "v0.10.4", "0.12.0-dev-12+g1a".
var released = regexp.MustCompile(`^v?([0-9]{1,4})\.([0-9]{1,4})([0-9A-Za-z.+~-]{0,60})$`)

// release reads what a program calls its release, and leaves the v out.
func release(s string) (string, error) {
	if !released.MatchString(s) {
		return "", errors.New("no version")
	}
	return strings.TrimPrefix(s, "v"), nil
}

// olderThan compares the first two numbers of releases.
func olderThan(have, want string) bool {
	a, b := released.FindStringSubmatch(have), released.FindStringSubmatch(want)
	if a == nil || b == nil {
		return false
	}
	for i := 1; i <= 2; i++ {
		x, _ := strconv.Atoi(a[i]) // digits
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
