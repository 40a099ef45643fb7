package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berth-sh/berth/tui/cells"
	"github.com/berth-sh/berth/tui/dialog"
	"github.com/berth-sh/berth/tui/keymap"
	"github.com/berth-sh/berth/workspace"
)

// header is the first line: where one is, through which gateway, how many. On
// a narrow screen the gateway goes first, then the words of the counts.
func (a *App) header() string {
	t := a.theme
	place, namespace := a.snap.Context, orElse(a.snap.Namespace, "all namespaces")
	if names := a.namespaces(); len(names) > 0 {
		namespace = strings.Join(names, ", ")
	}
	if g := a.moving; g.namespace != nil && g.in == "" {
		namespace = orElse(*g.namespace, "all namespaces")
	} else if g.context != nil {
		if place != *g.context || !a.snap.Synced && a.snap.Namespace == "" {
			namespace = "…"
		}
		place = *g.context
	}
	// Names of contexts can be longer than a screen; what follows them matters more.
	left := " " + t.Accent.Paint("berth") + "  " + cells.Cut(orElse(workspace.Safe(place), "no context"), a.w*3/10) +
		t.Muted.Paint(" ▸ ") + cells.Cut(namespace, max(14, a.w/4))
	if a.moving.switching() {
		left += t.Busy.Paint("  switching…")
	}
	if a.showDeleted {
		left += t.Muted.Paint(" ▸ ") + t.Strong.Paint("deleted")
	}
	if a.guardHere().Production {
		left += "  " + t.Alarm.Paint(" production ")
	}
	for _, badge := range a.badges() {
		left += "  " + t.Match.Paint(" "+badge+" ")
	}
	for _, right := range []string{
		spaced(a.gateway()) + a.counts(true), spaced(a.gatewayDown()) + a.counts(true),
		a.counts(true), spaced(a.gatewayDown()) + a.counts(false), a.counts(false), "",
	} {
		if cells.Width(left)+cells.Width(right)+3 <= a.w || right == "" {
			return cells.Spread(left, right+" ", a.w)
		}
	}
	return left
}

// spaced sets a part off from what follows.
func spaced(part string) string {
	if part == "" {
		return ""
	}
	return cells.Fit(part, cells.Width(part)+6)
}

func (a *App) badges() []string {
	var badges []string
	if a.cfg.ReadOnly || a.guardHere().ReadOnly != "" {
		badges = append(badges, "read-only")
	}
	if a.snap.Synced && !a.snap.StaleSince.IsZero() {
		badges = append(badges, "stale "+cells.Since(a.snap.StaleSince, a.now()))
	}
	if len(a.snap.Denied) > 0 {
		badges = append(badges, "partial")
	}
	return badges
}

func (a *App) gateway() string {
	g := a.snap.Installation.Gateway
	switch {
	case !a.snap.Synced, len(a.snap.Places) > 0: // each has its own
		return ""
	case !g.Published():
		return a.theme.Muted.Paint("no gateway · port-forward")
	}
	if g.Address == "" {
		return a.theme.Muted.Paint("gateway ") + g.Kind
	}
	host, _, ok := strings.Cut(g.Address, ":")
	if !ok {
		host = g.Address
	}
	return a.theme.Muted.Paint("gateway ") + g.Kind + a.theme.Muted.Paint(" · "+host) + a.gatewayMark()
}

// gatewayDown is what is left of the gateway where there is no room: that it
// does not answer.
func (a *App) gatewayDown() string {
	if answers, known := a.snap.GatewayAnswers(a.now()); !known || answers {
		return ""
	}
	return a.theme.Muted.Paint("gateway") + a.gatewayMark()
}

// gatewayMark says whether the gateway has answered of late, nothing while that
// is unknown.
func (a *App) gatewayMark() string {
	switch answers, known := a.snap.GatewayAnswers(a.now()); {
	case !known:
		return ""
	case a.theme.Words:
		return map[bool]string{true: " answers", false: " does not answer"}[answers]
	case answers:
		return " " + a.theme.Good.Paint("✓")
	}
	return " " + a.theme.Bad.Paint("✕")
}

func (a *App) counts(words bool) string {
	t := a.theme
	if !a.snap.Synced {
		if n := len(a.snap.Workspaces); n > 0 {
			return t.Muted.Paint(fmt.Sprintf("the first %d, loading…", n))
		}
		return ""
	}
	all, running, failing := a.counted[0], a.counted[1], a.counted[2]
	if words || t.Words {
		noun := " workspaces"
		if all == 1 {
			noun = " workspace"
		}
		s := fmt.Sprint(all) + t.Muted.Paint(noun) + "  " + t.Good.Paint(fmt.Sprint(running)) + t.Muted.Paint(" running")
		if failing > 0 {
			s += "  " + t.Bad.Paint(fmt.Sprintf("%d failing", failing))
		}
		return s
	}
	s := t.Good.Paint(fmt.Sprintf("●%d", running))
	if failing > 0 {
		s += " " + t.Bad.Paint(fmt.Sprintf("✕%d", failing))
	}
	return s + t.Muted.Paint(fmt.Sprintf(" of %d", all))
}

// stripNeeded reports whether the second line has something to say.
func (a *App) stripNeeded() bool {
	return a.filtering || a.table().Filter() != "" || a.table().Marks().All > 0 || len(a.bulk.batches) > 0 || a.snap.Problem != "" || len(a.snap.Denied) > 0
}

// strip is the second line: the filter, or what is wrong with the cluster.
func (a *App) strip(y int) (string, *dialog.Point) {
	t := a.theme
	shown, total := a.table().Counts()
	count := t.Muted.Paint(fmt.Sprintf("  %d/%d", shown, total))
	switch {
	case a.filtering:
		a.filter.SetWidth(max(4, a.w-16))
		x := 3
		if c := a.filter.Cursor(); c != nil {
			x += c.X
		}
		return " " + t.Key.Paint("/") + " " + strings.TrimRight(a.filter.View(), " ") + " " + count, &dialog.Point{X: x, Y: y}
	case len(a.bulk.batches) > 0:
		return " " + t.Busy.Paint(a.bulkText()) + t.Muted.Paint("  "+a.bulkHint()), nil
	case a.table().Filter() != "":
		text := " " + t.Key.Paint("/") + " " + a.table().Filter() + count + t.Muted.Paint("  esc clears")
		if marks := a.marksText(); marks != "" {
			text += "  " + t.Accent.Paint(marks)
		}
		if a.snap.Problem != "" {
			text += "  " + a.problem(max(0, a.w-cells.Width(text)-3))
		}
		return text, nil
	case a.table().Marks().All > 0:
		text := " " + t.Accent.Paint(a.marksText()) + t.Muted.Paint("  "+a.marksHint())
		if a.snap.Problem != "" {
			text += "  " + a.problem(max(0, a.w-cells.Width(text)-3))
		}
		return text, nil
	case a.snap.Problem != "":
		return " " + a.problem(a.w-2), nil
	case len(a.snap.Denied) > 0:
		return " " + t.Busy.Paint(cells.Cut("! this list is partial: no permission to "+a.snap.Denied[0].String(), a.w-10)) + t.Muted.Paint("  E more"), nil
	}
	return "", nil
}

// footer is the last line: the keys that matter here, and the toast. Help
// keeps its place, as it leads to all the others.
func (a *App) footer() string {
	line := ""
	for _, action := range a.footerKeys() {
		line += a.hint(action)
	}
	return cells.Spread(line, a.footerToast()+" ", a.w)
}

// footerToast is the toast with the room that help leaves it.
func (a *App) footerToast() string {
	return a.toastText(a.w - cells.Width(a.hint(a.keys.Get("help"))) - 2)
}

// footerKeys are the actions of the footer beside the toast, help at the end.
func (a *App) footerKeys() []*keymap.Action {
	help, right := a.keys.Get("help"), cells.Width(a.footerToast())
	room := a.w - right - cells.Width(a.hint(help)) - 1
	if right > 0 {
		room--
	}
	return append(a.fitting(a.hinted(), room), help)
}

// fitting are as many actions as have room for their hints.
func (a *App) fitting(list []*keymap.Action, room int) []*keymap.Action {
	for i, action := range list {
		if room -= cells.Width(a.hint(action)); room < 0 {
			return slices.Clip(list[:i])
		}
	}
	return slices.Clip(list)
}

// hinted are the actions of the footer: in the pane its own before the others,
// elsewhere the main ones.
func (a *App) hinted() []*keymap.Action {
	ctx := a.context()
	place := func(action *keymap.Action) int {
		if ctx == keymap.Detail && len(action.Contexts) == 1 || ctx != keymap.Detail && action.Main {
			return 0
		}
		return 1
	}
	list := slices.DeleteFunc(a.keys.All(ctx), func(action *keymap.Action) bool {
		return action.Hint == "" || action.HintIn != "" && action.HintIn != ctx || action.ID == "help" || action.Reason() != ""
	})
	slices.SortStableFunc(list, func(x, y *keymap.Action) int { return cmp.Compare(place(x), place(y)) })
	return list
}

func (a *App) hint(action *keymap.Action) string {
	return " " + a.theme.Key.Paint(action.Key()) + " " + a.theme.Muted.Paint(action.Hint) + " "
}
