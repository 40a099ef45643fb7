package cli

import (
	"errors"
	"time"
)

var errNotPositive = errors.New("is not longer than nothing")

// patience is a flag's value: how long to wait, refused when it is not
// positive, before anything has been done.
type patience struct{ d *time.Duration }

func (p patience) String() string {
	if p.d == nil {
		return "" // cobra asks an empty value for its text
	}
	return p.d.String()
}

// Set implements pflag.Value.
func (p patience) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil {
		return errors.New("is no duration such as 90s or 5m")
	}
	if d <= 0 {
		return errNotPositive
	}
	*p.d = d
	return nil
}

// Type implements pflag.Value; help shows it.
func (p patience) Type() string { return "duration" }
