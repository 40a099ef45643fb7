// Package theme decides how the program looks: a handful of inks, made for a
// dark or a light background and for as many colours as the terminal has.
//
// Colour only ever repeats what a glyph and a word already say, so that the
// screen reads the same without it. Inks are data in a value; there is no
// global style.
package theme

import (
	"fmt"
	"image/color"

	"github.com/charmbracelet/colorprofile"
)

// Ink is the parameters of one SGR sequence, without the brackets: "1;32".
// The zero value writes plain text.
type Ink string

// Paint returns s in this ink, ended by a reset. s must not contain escape
// sequences: an inner reset would end the ink early.
func (i Ink) Paint(s string) string {
	if i == "" || s == "" {
		return s
	}
	return "\x1b[" + string(i) + "m" + s + "\x1b[m"
}

// Plus joins two inks; the second one wins where they disagree.
func (i Ink) Plus(j Ink) Ink {
	switch {
	case i == "":
		return j
	case j == "":
		return i
	}
	return i + ";" + j
}

// Theme is the set of inks. Text in Plain follows the terminal's own colour.
type Theme struct {
	Dark  bool
	Words bool // what a glyph says is said by a word; glyphs will not be seen

	Plain  Ink
	Strong Ink // names, titles
	Muted  Ink // labels, units, what is secondary
	Accent Ink // cursor bar, focused things
	Good   Ink // running
	Busy   Ink // starting, stopping
	Bad    Ink // failing, errors
	Key    Ink // keys in hints
	Row    Ink // background of the selected row
	Match  Ink // badges: stale, read-only
	Button Ink // the focused button
	Alarm  Ink // badge: production
}

// New returns the theme for a background and a number of colours. With 16
// colours it uses the terminal's own ones, which the user has made readable;
// without colour it keeps bold and reverse.
func New(dark bool, profile colorprofile.Profile) Theme {
	switch profile {
	case colorprofile.NoTTY, colorprofile.Ascii:
		return Theme{Dark: dark, Strong: "1", Accent: "1", Bad: "1", Key: "1", Row: "", Match: "7", Button: "7", Alarm: "7"}
	case colorprofile.ANSI:
		return Theme{
			Dark: dark, Strong: "1", Muted: "2", Accent: "1;34", Good: "32", Busy: "33", Bad: "1;31",
			Key: "1", Match: "7;33", Button: "7", Alarm: "7;31",
		}
	}
	p := LightPalette
	if dark {
		p = DarkPalette
	}
	return Theme{
		Dark: dark, Strong: "1", Muted: fg(p.Muted), Accent: fg(p.Accent), Good: fg(p.Good), Busy: fg(p.Busy),
		Bad: fg(p.Bad), Key: fg(p.Accent), Row: bg(p.Row), Match: fg(p.Busy).Plus("7"), Button: fg(p.Accent).Plus("1;7"), Alarm: fg(p.Bad).Plus("1;7"),
	}
}

// Palette is the colours behind a theme.
type Palette struct {
	Ground color.RGBA // what the colours are chosen against; never painted
	Row    color.RGBA

	Muted, Accent, Good, Busy, Bad color.RGBA
}

// The palettes. Every colour has a contrast of at least 4.5:1 against Ground
// and Row, and is one of the 256 that nearly all terminals have: the nearest
// one to a colour between two of them can have quite another hue. Tests check
// both.
var (
	DarkPalette = Palette{
		Ground: rgb(0x1c1c1c), Row: rgb(0x303030), Muted: rgb(0x9e9e9e), Accent: rgb(0x87afff),
		Good: rgb(0x87d787), Busy: rgb(0xd7af5f), Bad: rgb(0xff8787),
	}
	LightPalette = Palette{
		Ground: rgb(0xffffff), Row: rgb(0xeeeeee), Muted: rgb(0x626262), Accent: rgb(0x005faf),
		Good: rgb(0x005f00), Busy: rgb(0x875f00), Bad: rgb(0xaf0000),
	}
)

func rgb(v uint32) color.RGBA {
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff} //nolint:gosec // three bytes of a literal
}

func fg(c color.RGBA) Ink { return Ink(fmt.Sprintf("38;2;%d;%d;%d", c.R, c.G, c.B)) }
func bg(c color.RGBA) Ink { return Ink(fmt.Sprintf("48;2;%d;%d;%d", c.R, c.G, c.B)) }
