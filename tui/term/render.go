package term

import (
	"strings"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// renderCells draws the cells of a row of cols columns without the blanks at its
// end. Whatever is in the cells, the result is text, SGR sequences and
// hyperlinks.
func renderCells(row []uv.Cell, cols int) string {
	end := len(row)
	for end > 0 && blank(&row[end-1]) {
		end--
	}
	var b strings.Builder
	b.Grow(end + 16)
	var pen uv.Style
	var link uv.Link
	for i := 0; i < end; {
		c := &row[i]
		if link != c.Link {
			if link.URL != "" {
				b.WriteString(ansi.ResetHyperlink())
			}
			if link = c.Link; link.URL != "" {
				b.WriteString(ansi.SetHyperlink(link.URL, link.Params))
			}
		}
		if !c.Style.Equal(&pen) {
			b.WriteString(uv.StyleDiff(&pen, &c.Style))
			pen = c.Style
		}
		if c.Width == 0 || i+c.Width > cols { // half of a wide character whose other half is gone
			b.WriteByte(' ')
			i++
			continue
		}
		b.WriteString(content(c))
		i += c.Width
	}
	if link.URL != "" {
		b.WriteString(ansi.ResetHyperlink())
	}
	if !pen.IsZero() {
		b.WriteString(ansi.ResetStyle)
	}
	return b.String()
}

func blank(c *uv.Cell) bool {
	return (c.Content == "" || c.Content == " ") && c.Link.URL == "" &&
		(c.Style.IsZero() || c.Style.Bg == nil && c.Style.Underline == 0 && c.Style.Attrs&(uv.AttrReverse|uv.AttrStrikethrough) == 0)
}

// content is a cell's text. The lexer lets nothing through that steers a
// terminal; this is the second fence.
func content(c *uv.Cell) string {
	s := c.Content
	if len(s) == 1 && s[0] >= 0x20 && s[0] < 0x7f {
		return s
	}
	if s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, steers) {
		return strings.Repeat(" ", max(1, c.Width))
	}
	return s
}
