package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/berth-sh/berth/kube/route"
	"github.com/berth-sh/berth/workspace"
)

// remindEvery is how often a wait for the cloud says that it still waits.
const remindEvery = 20 * time.Second

// awaitAddress waits for the load balancer's address, where the gateway's kind
// gives each workspace one: clouds take seconds to minutes.
func (a *app) awaitAddress(ctx context.Context, ref workspace.Ref, timeout time.Duration, tell tell) error {
	c, err := a.cluster()
	if err != nil {
		return err
	}
	inst, err := c.installation(ctx)
	if err != nil || inst.Gateway.Kind != route.KindLoadBalancer {
		return err
	}
	begun, step := time.Now(), "waiting for the load balancer's address of Service "+ref.BalancerName()
	stop := func() {}
	defer func() { stop() }()
	reminded := false
	address := ""
	err = a.await(ctx, ref, timeout, func(w workspace.Workspace, ok bool) (bool, error) {
		address = w.Route.Direct()
		if address == "" && !reminded {
			reminded = true
			stop = a.remind(step, begun)
		}
		return ok && address != "", nil
	})
	if err == nil {
		tell(workspace.Progress{Step: "load balancer at " + address, Done: true, Elapsed: time.Since(begun)})
	}
	return err
}

// remind says at once, and again from time to time, what is waited for; stop
// waits for its end.
func (a *app) remind(step string, begun time.Time) (stop func()) {
	a.note(step)
	done := make(chan struct{})
	var reminding sync.WaitGroup
	reminding.Go(func() {
		tick := time.NewTicker(remindEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				a.note(fmt.Sprintf("%s · %d s", step, int(time.Since(begun).Seconds())))
			case <-done:
				return
			}
		}
	})
	return func() { close(done); reminding.Wait() }
}
