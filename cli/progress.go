package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// progress prints the steps of something that takes time to standard error,
// each when it is done. prefix names the workspace where there are several.
func (a *app) progress(prefix string) tell {
	var mu sync.Mutex // steps may come from several goroutines
	return func(p workspace.Progress) {
		if !p.Done {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(a.err, "  %s%s (%s)\n", prefix, p.Step, p.Elapsed.Round(10*time.Millisecond))
	}
}

// note prints something that the user did not ask for but should know.
func (a *app) note(text string) { fmt.Fprintln(a.err, "  "+text) }
