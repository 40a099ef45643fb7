package sshconf

import (
	"io"
	"os"
	"strings"
	"testing"
)

// TestALargeFileIsComparedToItsLastByte compares contents, however they are cut
// into writes, with files that are the same, longer, shorter and different.
func TestALargeFileIsComparedToItsLastByte(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	text := strings.Repeat("0123456789abcdef", 600) // more than one buffer
	for name, file := range map[string]string{
		"same": text, "longer": text + "x", "shorter": text[:len(text)-1], "empty": "", "first": "x" + text[1:], "last": text[:len(text)-1] + "x",
		"middle": text[:4096] + "x" + text[4097:],
	} {
		if err := root.WriteFile(name, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 7, 4096, 5000, len(text)} {
			got, err := says(root, name, func(w io.Writer) error {
				for rest := text; rest != ""; {
					n := min(size, len(rest))
					if _, err := io.WriteString(w, rest[:n]); err != nil {
						return err
					}
					rest = rest[n:]
				}
				return nil
			})
			if err != nil || got != (name == "same") {
				t.Errorf("%s, %d bytes at a time: %t, %v", name, size, got, err)
			}
		}
	}
	if _, err := says(root, "missing", bytesOf(nil)); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}
