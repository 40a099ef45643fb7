// Package sshd is the sandbox's SSH server process.
package sshd

import "context"

// Main runs the server and returns its exit code.
func Main(_ context.Context, _ []string) int { return 1 }
