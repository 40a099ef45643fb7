//go:build !unix

package sshconf

import "os"

// owner is not a thing that files are given to here: access lists are
// inherited from the folder.
type owner struct {
	uid, gid int
	set      bool
}

func homeOwner(string) owner    { return owner{} }
func ownerOf(os.FileInfo) owner { return owner{} }
func foreign(os.FileInfo) bool  { return false }
