package cells

import (
	"strconv"
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

// TestAgesTurnTogether follows ages of many moments through an hour, second by
// second.
func TestAgesTurnTogether(t *testing.T) {
	begun := time.Date(2026, time.March, 6, 14, 2, 0, 0, time.UTC)
	seconds := map[byte]int{'s': 1, 'm': 60}
	for offset := range 60 {
		at := begun.Add(time.Duration(offset)*time.Second + 300*time.Millisecond)
		before, said := "", 0
		for passed := range 3600 {
			now := at.Truncate(time.Second).Add(time.Duration(passed) * time.Second)
			text := Since(at, now)
			n, err := strconv.Atoi(text[:len(text)-1])
			if err != nil {
				t.Fatalf("Since is %q", text)
			}
			is := n * seconds[text[len(text)-1]]
			if is > max(0, passed) || is < passed-2*60+1 || is < said {
				t.Fatalf("%q after %d s, %q before", text, passed, before)
			}
			turn := time.Minute
			if is <= 60 {
				turn = Turn
			}
			if text != before && before != "" && !now.Equal(now.Truncate(turn)) {
				t.Fatalf("%q became %q at %s", before, text, now.Format("15:04:05"))
			}
			before, said = text, is
		}
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, time.March, 6, 14, 2, 47, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		-time.Hour: "0s", 0: "0s", 7 * time.Second: "0s", 20 * time.Second: "13s", 66 * time.Second: "59s",
		67 * time.Second: "1m", 2 * time.Minute: "1m", 167 * time.Second: "2m", 4 * time.Minute: "3m", 3 * time.Hour: "2h", 72 * time.Hour: "2d", 73 * time.Hour: "3d",
	} {
		if got := Since(now.Add(-ago), now); got != want {
			t.Errorf("Since %v ago = %q, want %q", ago, got, want)
		}
	}
	if got := Since(time.Time{}, now); got != "–" {
		t.Errorf("Since of no moment = %q", got)
	}
}
