//go:build unix

package sshconf

import (
	"os"
	"syscall"
)

// owner is whom new files are given to. The zero value leaves them alone.
type owner struct {
	uid, gid int
	set      bool
}

// homeOwner is the home's owner where root works in someone else's home: ssh
// refuses a config that its user cannot read, for every host.
func homeOwner(home string) owner {
	fi, err := os.Stat(home)
	if err != nil || os.Geteuid() != 0 {
		return owner{}
	}
	o := ownerOf(fi)
	o.set = o.set && o.uid != 0
	return o
}

func ownerOf(fi os.FileInfo) owner {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}
	}
	return owner{int(st.Uid), int(st.Gid), true}
}

// foreign reports whether fi belongs to somebody whose files this process
// neither owns nor may give back.
func foreign(fi os.FileInfo) bool {
	o := ownerOf(fi)
	return o.set && o.uid != os.Geteuid() && os.Geteuid() != 0
}
