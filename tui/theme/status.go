package theme

import "github.com/berth-sh/berth/workspace"

// Mark is how a phase is shown: one glyph, one word, one ink.
type Mark struct {
	Glyph string
	Word  string
	Ink   Ink
}

// Phase returns the mark of a phase. All glyphs are one cell wide.
func (t Theme) Phase(p workspace.Phase) Mark {
	switch p {
	case workspace.Running:
		return Mark{"●", "running", t.Good}
	case workspace.Starting:
		return Mark{"◐", "starting", t.Busy}
	case workspace.Stopping:
		return Mark{"◐", "stopping", t.Busy}
	case workspace.Stopped:
		return Mark{"○", "stopped", t.Muted}
	case workspace.Failing:
		return Mark{"✕", "failing", t.Bad}
	case workspace.Unreachable:
		return Mark{"!", "unreachable", t.Bad}
	case workspace.Deleted:
		return Mark{"–", "deleted", t.Muted}
	}
	return Mark{"?", "unknown", t.Muted}
}

// Spin returns frame n of the spinner that stands for ◐ while something moves.
func Spin(n int) string {
	frames := [...]string{"◐", "◓", "◑", "◒"}
	return frames[((n%len(frames))+len(frames))%len(frames)]
}
