package transfer

import (
	"errors"
	"io/fs"

	"github.com/berth-sh/berth/workspace"
)

// special reports whether something is neither file, folder nor link. A copy
// is made beside its target and then takes its name, which would end a device,
// a pipe or a socket; and written into they are not either, since what a copy
// of the same name should go to has to be a file.
func special(info fs.FileInfo) bool {
	return info.Mode().Type()&^(fs.ModeDir|fs.ModeSymlink) != 0
}

func errSpecial(where string) error {
	return workspace.WithHint(errors.New("a device, pipe or socket of that name is "+where+", and is left alone"),
		"to write into it, send the file to a command: berth ssh NAME -- 'cat > PATH' < FILE, or the other way round")
}
