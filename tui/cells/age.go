package cells

import (
	"fmt"
	"time"
)

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

// Since is Age from a moment until now, "–" for the zero moment.
func Since(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return Age(now.Sub(t))
}
