package cli

import (
	"fmt"
	"os"
)

// An API server that hangs keeps its connections and answers nothing. What
// tells it from one that has nothing to say is a ping on the connection;
// client-go sends the first after 30 s of silence and waits 15 s for the answer,
// too long for a list that claims to be live. It takes other times from its own
// environment variables alone.
const (
	pingAfter    = "3" // seconds of silence
	pingPatience = "3" // seconds until the connection is given up
)

// noticeHangs sets client-go's times, unless the user has.
func noticeHangs() error {
	for name, value := range map[string]string{
		"HTTP2_READ_IDLE_TIMEOUT_SECONDS": pingAfter,
		"HTTP2_PING_TIMEOUT_SECONDS":      pingPatience,
	} {
		if _, given := os.LookupEnv(name); given {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return nil
}
