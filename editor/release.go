package editor

import (
	"errors"
	"regexp"
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

// olderThan compares the first two numbers of a release with a version.
func olderThan(have, want string) bool {
	numbers := released.FindStringSubmatch(have)
	return numbers != nil && older(numbers[1]+"."+numbers[2], want)
}
