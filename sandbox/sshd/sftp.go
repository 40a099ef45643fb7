package sshd

import (
	"errors"
	"io"

	"github.com/pkg/sftp"
)

// serveSFTP serves files with the process's own rights, starting in home.
func (s *session) serveSFTP() {
	server, err := sftp.NewServer(s.channel, sftp.WithServerWorkingDirectory(s.client.server.Home))
	if err != nil {
		s.fail(err)
		return
	}
	err = server.Serve()
	if err != nil && !errors.Is(err, io.EOF) {
		s.client.log.Printf("sftp: %v", err)
		s.reportExit(1)
		return
	}
	s.reportExit(0)
}
