package dialog

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestAMenuCountsWhatIsBelow(t *testing.T) {
	const height = 12
	for _, search := range []bool{false, true} {
		for n := 1; n <= 20; n++ {
			m := &Menu{Search: search}
			for i := range n {
				m.Items = append(m.Items, Item{Label: fmt.Sprintf("item-%02d", i), Group: fmt.Sprint(i / 4)})
			}
			for step := range n {
				lines, _, _ := Frame(m.Draw(Scene{W: 60, H: height}), Scene{W: 60, H: height})
				text := strings.Join(lines, "\n")
				last := -1
				for i := range n {
					if strings.Contains(text, fmt.Sprintf("item-%02d", i)) {
						last = i
					}
				}
				if below := n - 1 - last; strings.Contains(text, fmt.Sprintf("… %d more", below)) != (below > 0) {
					t.Fatalf("%d items, on item %d, %d below:\n%s", n, step, below, text)
				}
				if !strings.Contains(text, fmt.Sprintf("item-%02d", step)) {
					t.Fatalf("%d items: item %d is out of sight:\n%s", n, step, text)
				}
				m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
			}
		}
	}
}

func TestHomeAndEndGoThroughAMenu(t *testing.T) {
	chosen := ""
	m := &Menu{Search: true}
	for i := range 30 {
		m.Items = append(m.Items, Item{Label: fmt.Sprintf("item-%02d", i), Choose: func() tea.Cmd { chosen = fmt.Sprint(i); return nil }})
	}
	press := func(codes ...rune) {
		for _, code := range codes {
			m.Update(tea.KeyPressMsg{Code: code})
		}
	}
	press(tea.KeyEnd, tea.KeyEnter)
	if chosen != "29" {
		t.Errorf("end chose %q", chosen)
	}
	press(tea.KeyHome, tea.KeyEnter)
	if chosen != "0" {
		t.Errorf("home chose %q", chosen)
	}
	// Where something is typed they belong to the text.
	m.Update(tea.KeyPressMsg{Code: '2', Text: "2"})
	press(tea.KeyHome)
	m.Update(tea.KeyPressMsg{Code: '1', Text: "1"})
	press(tea.KeyEnter)
	if chosen != "12" {
		t.Errorf("1 before 2 chose %q", chosen)
	}
}

func TestAnItemThatCannotBeChosenSaysWhy(t *testing.T) {
	why := "the settings make the context of production unchangeable, whoever asks"
	m := &Menu{Items: []Item{{Label: "purge: destroy a deleted home for good", Disabled: why}, {Label: "other"}}}
	drawn := func(w, h int) string {
		lines, _, _ := Frame(m.Draw(Scene{W: w, H: h}), Scene{W: w, H: h})
		if len(lines) > h {
			t.Fatalf("%d lines on a screen of %d", len(lines), h)
		}
		return strings.Join(lines, "\n")
	}
	says := func(text string) bool { return strings.Contains(text, "unchangeable, whoever asks") }
	if text := drawn(60, 12); says(text) {
		t.Fatalf("there is room for it all:\n%s", text)
	}
	if done, cmd := m.Update(tea.KeyPressMsg{Code: tea.KeyEnter}); done || cmd != nil {
		t.Error("it was chosen")
	}
	if text := drawn(60, 12); !says(strings.Join(strings.Fields(strings.ReplaceAll(text, "│", "")), " ")) {
		t.Errorf("nothing is said:\n%s", text)
	}
	drawn(40, 10)
	m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	if text := drawn(60, 12); says(text) {
		t.Errorf("it is still said:\n%s", text)
	}
}
