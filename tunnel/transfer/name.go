package transfer

// Names from a workspace, and what they may be on this machine.

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// partialSuffix marks a file that is not complete.
const partialSuffix = ".berth-partial"

// maxName is how long a name may be nearly everywhere, in bytes.
const maxName = 255

// partial is the name of a file until it is complete. One that leaves no room
// for the suffix is cut, and told apart from others by a part of its sum.
func partial(name string) string {
	dir, base := path.Split(name)
	if len(base)+len(partialSuffix) > maxName {
		sum := sha256.Sum256([]byte(base))
		mark := "-" + hex.EncodeToString(sum[:4])
		base = strings.ToValidUTF8(base[:maxName-len(partialSuffix)-len(mark)], "") + mark
	}
	return dir + base + partialSuffix
}

var errName = errors.New("its name is none that this machine can have")

// checkName refuses what is not the plain name of a file in a folder.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || len(name) > maxName {
		return errName
	}
	if runtime.GOOS == "windows" && (strings.ContainsAny(name, `\:*?"<>|`) || !filepath.IsLocal(name) || strings.TrimRight(name, ". ") != name) {
		return errName
	}
	return nil
}

// folds reports whether names that differ in case alone are one file here. It
// is what these systems do by default.
func folds() bool { return runtime.GOOS == "windows" || runtime.GOOS == "darwin" }

// inside reports whether a link at a place in a tree leads to a place in it.
// Both are slashed, and the place is relative to the tree's root.
func inside(place, target string) bool {
	if target == "" || path.IsAbs(target) || strings.ContainsAny(target, "\x00\\") {
		return false
	}
	resolved := path.Join(path.Dir(place), target)
	return resolved != ".." && !strings.HasPrefix(resolved, "../")
}
