package dialog

import (
	"cmp"
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
	ID       string // names it to whoever made it
	Label    string
	Note     string // to the right, quiet
	Key      string // to the left: a key that chooses it, or only tells
	Group    string // a heading is drawn where it changes
	Disabled string // why it cannot be chosen; "" when it can
	Searched bool   // not shown before something is typed
	Choose   func() tea.Cmd
}

// Menu is a list to choose from. A searchable one narrows while one types; the
// others choose by their items' keys.
type Menu struct {
	Title  string
	Items  []Item
	Search bool
	Ranked bool                      // the best match first, whatever its place
	Stay   bool                      // choosing does not close it
	Free   func(text string) tea.Cmd // takes what was typed when nothing matches; may be nil
	First  string                    // ID of the item that the cursor is on to begin with
	Empty  string                    // said when there are no items
	Wide   int                       // of the content; 0 is 56
	Verb   string                    // what enter does; "" is "choose"

	input  textinput.Model
	made   bool
	cursor int
	top    int
	found  *found // nil when it has to be looked for anew
	drawn  []int  // the item of each line of the last drawing, below zero for none
	why    string // why the item that was just chosen cannot be; its line may have no room for it
}

// found is what a search has come to; thousands of items are not searched with
// every frame.
type found struct {
	text  string
	items []Item
	keys  int // width of their keys
}

func (m *Menu) start() {
	if !m.made {
		m.made = true
		m.input = NewInput("")
		if i := slices.IndexFunc(m.Items, func(it Item) bool { return it.ID == m.First }); m.First != "" && i >= 0 {
			m.cursor = i
		}
	}
}

// SetItems replaces the items, keeping the search and, if it can, the cursor.
func (m *Menu) SetItems(items []Item) {
	id := ""
	if shown := m.shown(); m.cursor < len(shown) {
		id = shown[m.cursor].ID
	}
	m.Items, m.found = items, nil
	if i := slices.IndexFunc(m.shown(), func(it Item) bool { return it.ID == id }); id != "" && i >= 0 {
		m.cursor = i
	}
}

// Update moves, narrows and chooses.
func (m *Menu) Update(msg tea.Msg) (bool, tea.Cmd) {
	m.start()
	shown := m.shown()
	key := pressed(msg)
	if key != "" {
		m.why = ""
	}
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
	case "home", "end":
		if m.input.Value() == "" { // else they are for the text
			m.cursor, m.top = 0, 0
			if key == "end" {
				m.move(shown, len(shown))
			}
			return false, nil
		}
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

// Scroll moves the cursor.
func (m *Menu) Scroll(n int) {
	m.why = ""
	m.move(m.shown(), n)
}

// Click chooses the item that is there.
func (m *Menu) Click(_ string, at Point) (bool, tea.Cmd) {
	if m.Search {
		at.Y -= 2
	}
	if at.Y < 0 || at.Y >= len(m.drawn) || m.drawn[at.Y] < 0 {
		return false, nil
	}
	m.cursor = m.drawn[at.Y]
	return m.choose(m.shown())
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
		m.why = item.Disabled
		return false, nil
	}
	return !m.Stay, item.Choose()
}

func (m *Menu) byKey(key string) (bool, tea.Cmd) {
	switch key {
	case "space":
		if m.Stay {
			return m.choose(m.Items)
		}
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

// shown returns the items that match the search.
func (m *Menu) shown() []Item { return m.look().items }

func (m *Menu) look() *found {
	text := ""
	if m.Search {
		text = strings.ToLower(strings.TrimSpace(m.input.Value()))
	}
	if m.found == nil || m.found.text != text {
		m.found = &found{text: text, items: m.matching(text)}
		for _, it := range m.Items {
			m.found.keys = max(m.found.keys, cells.Width(it.Key))
		}
	}
	return m.found
}

// matching returns literal matches in their order, or else fuzzy ones, the best
// first.
func (m *Menu) matching(text string) []Item {
	if text == "" {
		if !slices.ContainsFunc(m.Items, func(it Item) bool { return it.Searched }) {
			return m.Items
		}
		return slices.DeleteFunc(slices.Clone(m.Items), func(it Item) bool { return it.Searched })
	}
	var out []Item
	for _, it := range m.Items {
		if strings.Contains(strings.ToLower(it.Label+" "+it.Key+" "+it.Note), text) {
			out = append(out, it)
		}
	}
	if m.Ranked {
		slices.SortStableFunc(out, func(x, y Item) int { return cmp.Compare(distance(x.Label, text), distance(y.Label, text)) })
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

// distance says how far a label is from what was typed: the same, beginning so,
// with a word that begins so, having it somewhere, not at all.
func distance(label, text string) int {
	label = strings.ToLower(label)
	switch i := strings.Index(label, text); {
	case label == text:
		return 0
	case i == 0:
		return 1
	case i > 0 && (strings.Contains(label, " "+text) || strings.Contains(label, "-"+text)):
		return 2
	case i > 0:
		return 3
	}
	return 4
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
	if m.why != "" {
		for _, line := range cells.Wrap(m.why, width) {
			b.Tail = append(b.Tail, s.Theme.Busy.Paint(line))
		}
	}
	room := max(1, s.H-4-len(b.Lines))
	if len(b.Tail) > 0 {
		room = max(1, room-1-len(b.Tail))
	}
	b.Lines = append(b.Lines, m.window(s, shown, width, room)...)
	if len(shown) > 0 {
		b.Focus = m.line(s, shown[m.cursor], true, m.keyRoom(width), width)
	}
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
	m.drawn = nil
	if len(shown) == 0 {
		return []string{s.Theme.Muted.Paint(cells.Cut(m.nothing(), width))}
	}
	lines, places := m.plan(shown)
	at, fold := places[m.cursor], 0
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
		return m.paint(s, shown, lines[m.top:end], width)
	}
	end--
	below, _ := slices.BinarySearch(places, end)
	return append(m.paint(s, shown, lines[m.top:end], width), s.Theme.Muted.Paint(fmt.Sprintf("  … %d more", len(places)-below)))
}

// nothing says why there are no items.
func (m *Menu) nothing() string {
	switch {
	case m.Free != nil && m.input.Value() != "":
		return "enter takes what is typed"
	case len(m.Items) == 0 && m.Empty != "":
		return m.Empty
	}
	return "nothing matches"
}

// Lines that are no items: an empty one, and, counted down from headLine, the
// heading of an item.
const (
	blankLine = -1
	headLine  = -2
)

// plan says what is on each line, and on which line each item is.
func (m *Menu) plan(shown []Item) (lines, places []int) {
	lines, places = make([]int, 0, len(shown)), make([]int, 0, len(shown))
	group := ""
	for i := range shown {
		if g := shown[i].Group; g != group && m.input.Value() == "" {
			group = g
			if i > 0 {
				lines = append(lines, blankLine)
			}
			lines = append(lines, headLine-i)
		}
		places = append(places, len(lines))
		lines = append(lines, i)
	}
	return lines, places
}

// keyRoom is the width of the keys: what a key does says more than its second
// name.
func (m *Menu) keyRoom(width int) int {
	return min(m.look().keys, max(width/5, min(width/4, 10)))
}

// paint draws planned lines.
func (m *Menu) paint(s Scene, shown []Item, lines []int, width int) []string {
	m.drawn = lines
	keys := m.keyRoom(width)
	out := make([]string, len(lines))
	for i, line := range lines {
		switch {
		case line >= 0:
			out[i] = m.line(s, shown[line], line == m.cursor, keys, width)
		case line <= headLine:
			out[i] = s.Theme.Muted.Paint(shown[headLine-line].Group)
		}
	}
	return out
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
