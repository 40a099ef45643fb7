package cells

import (
	"testing"
	"time"
)

func TestFitIsExact(t *testing.T) {
	texts := []string{"", "api", "a longer text than fits", "例え/テスト", "👩‍💻 שלום", "\x1b[32mgreen\x1b[m text", "e\u0301e\u0301e\u0301"}
	for _, s := range texts {
		for w := -1; w < 30; w++ {
			for name, got := range map[string]string{"Fit": Fit(s, w), "FitRight": FitRight(s, w), "Spread": Spread(s, "例", w)} {
				if Width(got) != max(0, w) {
					t.Errorf("%s(%q, %d) = %q has %d cells", name, s, w, got, Width(got))
				}
			}
		}
	}
}

func TestOverlayKeepsTheWidth(t *testing.T) {
	for x := 0; x < 16; x++ {
		base := []string{"例例例例例例例例例例", "abcdefghijklmnopqrst"}
		Overlay(base, []string{"[例]", "[ab]"}, x, 0)
		for _, line := range base {
			if Width(line) != 20 {
				t.Errorf("at %d: %q has %d cells", x, line, Width(line))
			}
		}
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 12 * time.Second: "12s", 119 * time.Second: "119s", 2 * time.Minute: "2m",
		119 * time.Minute: "119m", 3 * time.Hour: "3h", 48 * time.Hour: "2d", 400 * 24 * time.Hour: "400d", 800 * 24 * time.Hour: "2y",
	} {
		if got := Age(d); got != want {
			t.Errorf("Age(%v) = %q, want %q", d, got, want)
		}
	}
}
