package dialog

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"github.com/berth-sh/berth/tui/cells"
)

// Item is one line of a menu.
type Item struct {
	Label    string
	Note     string // to the right, quiet
	Key      string // to the left: a key that chooses it, or only tells
	Group    string // a heading is drawn where it changes
	Disabled string // why it cannot be chosen; "" when it can
	Choose   func() tea.Cmd
}

// Menu is a list to choose from. A searchable one narrows while one types; the
// others choose by their items' keys.
type Menu struct {
	Title  string
	Items  []Item
	Search bool
	Free   func(text string) tea.Cmd // takes what was typed when nothing matches; may be nil
	Empty  string                    // said when there are no items
	Wide   int                       // of the content; 0 is 56
	Verb   string                    // what enter does; "" is "choose"

	input  textinput.Model
	made   bool
	cursor int
	top    int
}

func (m *Menu) start() {
	if !m.made {
		m.made = true
		m.input = NewInput("")
	}
}

// SetItems replaces the items, keeping the search and, if it can, the cursor.
func (m *Menu) SetItems(items []Item) { m.Items = items }

// Update moves, narrows and chooses.
func (m *Menu) Update(msg tea.Msg) (bool, tea.Cmd) {
	m.start()
	shown := m.shown()
	key := pressed(msg)
	switch key {
	case "esc", "ctrl+c":
		return true, nil
	case "up", "ctrl+p", "shift+tab":
		m.move(shown, -1)
		return false, nil
	case "down", "ctrl+n", "tab":
		m.move(shown, 1)
		return false, nil
	case "pgup":
		m.move(shown, -10)
		return false, nil
	case "pgdown":
		m.move(shown, 10)
		return false, nil
	case "enter":
		return m.choose(shown)
	}
	if !m.Search {
		return m.byKey(key)
	}
	before := m.input.Value()
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	if m.input.Value() != before {
		m.cursor, m.top = 0, 0
	}
	return false, cmd
}

func (m *Menu) move(shown []Item, n int) {
	m.cursor = max(0, min(m.cursor+n, len(shown)-1))
}

func (m *Menu) choose(shown []Item) (bool, tea.Cmd) {
	if len(shown) == 0 {
		if text := strings.TrimSpace(m.input.Value()); m.Free != nil && text != "" {
			return true, m.Free(text)
		}
		return false, nil
	}
	item := shown[min(m.cursor, len(shown)-1)]
	if item.Disabled != "" || item.Choose == nil {
		return false, nil
	}
	return true, item.Choose()
}

func (m *Menu) byKey(key string) (bool, tea.Cmd) {
	switch key {
	case "j":
		m.move(m.Items, 1)
	case "k":
		m.move(m.Items, -1)
	case "":
	default:
		if i := slices.IndexFunc(m.Items, func(it Item) bool { return it.Key == key }); i >= 0 {
			m.cursor = i
			return m.choose(m.Items)
		}
	}
	return false, nil
}

// shown returns the items that match the search: literal matches in their
// order, or else fuzzy ones, the best first.
func (m *Menu) shown() []Item {
	text := strings.ToLower(strings.TrimSpace(m.input.Value()))
	if text == "" || !m.Search {
		return m.Items
	}
	var out []Item
	for _, it := range m.Items {
		if strings.Contains(strings.ToLower(it.Label+" "+it.Key+" "+it.Note), text) {
			out = append(out, it)
		}
	}
	if len(out) > 0 || m.Free != nil {
		return out
	}
	labels := make([]string, len(m.Items))
	for i, it := range m.Items {
		labels[i] = it.Label
	}
	for _, match := range fuzzy.Find(text, labels) {
		out = append(out, m.Items[match.Index])
	}
	return out
}

// Draw shows the items around the cursor.
func (m *Menu) Draw(s Scene) Box {
	m.start()
	b := Box{Title: m.Title, Width: 56}
	if m.Wide > 0 {
		b.Width = m.Wide
	}
	width := max(1, min(b.Width, s.W-6))
	shown := m.shown()
	m.cursor = max(0, min(m.cursor, len(shown)-1))
	if m.Search {
		m.input.SetWidth(max(1, width-3))
		b.Cursor = &Point{2 + inputCursor(m.input), 0}
		b.Lines = append(b.Lines, s.Theme.Key.Paint("›")+" "+m.input.View(), "")
	}
	room := max(1, s.H-4-len(b.Lines))
	b.Lines = append(b.Lines, m.window(s, shown, width, room)...)
	verb := m.Verb
	if verb == "" {
		verb = "choose"
	}
	b.Footer = Keys(s.Theme, "enter", verb, "↑↓", "move", "esc", "close")
	return b
}

// window returns the lines around the cursor that the room holds. Where more
// come below, the last one says how many items.
func (m *Menu) window(s Scene, shown []Item, width, room int) []string {
	lines, places := m.lines(s, shown, width)
	at, fold := 0, 0
	if len(places) > 0 {
		at = places[m.cursor]
	}
	if len(lines) > room && room > 2 {
		fold = 1
	}
	m.top = max(min(m.top, at), at-room+fold+1)
	if at == 1 { // the first heading belongs to the first item
		m.top = min(m.top, 0)
	}
	m.top = max(0, min(m.top, len(lines)-room))
	end := min(len(lines), m.top+room)
	if end == len(lines) || fold == 0 {
		return lines[m.top:end]
	}
	end--
	below := 0
	for _, place := range places {
		if place >= end {
			below++
		}
	}
	return append(slices.Clone(lines[m.top:end]), s.Theme.Muted.Paint(fmt.Sprintf("  … %d more", below)))
}

// lines draws all items with their headings; places are the items' lines.
func (m *Menu) lines(s Scene, shown []Item, width int) (lines []string, places []int) {
	keys := 0
	for _, it := range m.Items {
		keys = max(keys, cells.Width(it.Key))
	}
	keys = min(keys, width/4) // what a key does says more than its second name
	group := ""
	for i, it := range shown {
		if it.Group != group && m.input.Value() == "" {
			group = it.Group
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, s.Theme.Muted.Paint(group))
		}
		places = append(places, len(lines))
		lines = append(lines, m.line(s, it, i == m.cursor, keys, width))
	}
	if len(shown) == 0 {
		text := "nothing matches"
		if len(m.Items) == 0 && m.Empty != "" {
			text = m.Empty
		}
		if m.Free != nil && m.input.Value() != "" {
			text = "enter takes what is typed"
		}
		lines = append(lines, s.Theme.Muted.Paint(cells.Cut(text, width)))
	}
	return lines, places
}

func (m *Menu) line(s Scene, it Item, selected bool, keys, width int) string {
	ground, bar := s.Theme.Plain, "  "
	if selected {
		ground, bar = s.Theme.Row, "▌ "
	}
	label, key := s.Theme.Plain, s.Theme.Key
	note := it.Note
	if it.Disabled != "" {
		label, key, note = s.Theme.Muted, s.Theme.Muted, it.Disabled
	} else if selected {
		label = s.Theme.Strong
	}
	line := s.Theme.Accent.Plus(ground).Paint(bar)
	room := width - 2
	if keys > 0 {
		line += key.Plus(ground).Paint(cells.Fit(it.Key, keys) + "  ")
		room -= keys + 2
	}
	text := cells.Cut(it.Label, max(0, room))
	rest := max(0, room-cells.Width(text))
	if rest < 6 {
		note = ""
	}
	return line + label.Plus(ground).Paint(text) + s.Theme.Muted.Plus(ground).Paint(cells.FitRight(cells.Cut(note, rest-2), rest))
}
