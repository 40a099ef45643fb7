package cells

import (
	"fmt"
	"time"
)

// Turn is how often ages under a minute are written anew.
const Turn = 10 * time.Second

// Age writes a duration in at most four cells, in its largest unit: 12s, 4m,
// 3h, 12d, 2y. Negative ones, which only a wrong clock makes, are 0s.
func Age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(d/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d/time.Hour))
	case d < 2*365*24*time.Hour:
		return fmt.Sprintf("%dd", int(d/(24*time.Hour)))
	}
	return fmt.Sprintf("%dy", int(d/(365*24*time.Hour)))
}

// Since writes how long ago a moment was, "–" for the zero moment. It is for
// what stands on a screen and rests: from a minute on it is as of the clock's
// last whole minute, under a minute as of its last [Turn], so that all ages of
// a screen change together and seldom. It never says more than has passed, nor
// less by more than a minute. What is watched while it happens is for Age.
func Since(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	if d := now.Truncate(Turn).Sub(t); d < time.Minute {
		return Age(d)
	}
	d := now.Truncate(time.Minute).Sub(t)
	if d < 2*time.Minute {
		return "1m"
	}
	return Age(d)
}
