package theme

import (
	"image/color"
	"math"
	"testing"

	"github.com/charmbracelet/colorprofile"
)

// luminance and contrast are those of WCAG 2.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.03928 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

func contrast(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestEveryInkIsReadable(t *testing.T) {
	for name, p := range map[string]Palette{"dark": DarkPalette, "light": LightPalette} {
		for ink, c := range map[string]color.RGBA{"muted": p.Muted, "accent": p.Accent, "good": p.Good, "busy": p.Busy, "bad": p.Bad} {
			for ground, g := range map[string]color.RGBA{"ground": p.Ground, "row": p.Row} {
				if got := contrast(c, g); got < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f, want 4.5", name, ink, ground, got)
				}
			}
		}
	}
}

func TestFewColoursUseTheTerminalsOwn(t *testing.T) {
	for _, p := range []colorprofile.Profile{colorprofile.ANSI, colorprofile.Ascii, colorprofile.NoTTY} {
		th := New(true, p)
		for _, ink := range []Ink{th.Strong, th.Muted, th.Accent, th.Good, th.Busy, th.Bad, th.Key, th.Row, th.Match, th.Button, th.Alarm} {
			if len(ink) > len("1;34") {
				t.Errorf("%v: ink %q is not one of sixteen colours", p, ink)
			}
		}
	}
}

func TestFewerColoursAreTheSameColours(t *testing.T) {
	for name, p := range map[string]Palette{"dark": DarkPalette, "light": LightPalette} {
		for ink, c := range map[string]color.RGBA{"row": p.Row, "muted": p.Muted, "accent": p.Accent, "good": p.Good, "busy": p.Busy, "bad": p.Bad} {
			r, g, b, _ := colorprofile.ANSI256.Convert(c).RGBA()
			if got := (color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0xff}); got != c {
				t.Errorf("%s: %s is %v, and %v with 256 colours", name, ink, c, got)
			}
		}
	}
}
