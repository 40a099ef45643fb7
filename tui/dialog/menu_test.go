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
