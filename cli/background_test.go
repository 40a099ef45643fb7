package cli

import "testing"

func TestTheBackgroundThatTheEnvironmentNames(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "15": false, "0;15": true, "15;0": false, "0;default;15": true, "0;7": true, "7;8": false, "12;default": false, "0;16": false, "0;-1": false, ";": false, "0;15;": false,
	} {
		if got := lightBackground(value); got != want {
			t.Errorf("%q: light %t, want %t", value, got, want)
		}
	}
}
