package term

import (
	"bytes"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
)

func TestKeys(t *testing.T) {
	app, pad := Modes{AppCursor: true}, Modes{AppKeypad: true}
	for _, test := range []struct {
		name  string
		key   Key
		modes Modes
		want  string
	}{
		{"a letter", Key{Code: 'a', Text: "a"}, Modes{}, "a"},
		{"a capital", Key{Code: 'a', Text: "A", Mod: uv.ModShift}, Modes{}, "A"},
		{"a capital with kitty", Key{Code: 'a', ShiftedCode: 'A', Text: "A", Mod: uv.ModShift}, Modes{}, "A"},
		{"caps lock", Key{Code: 'a', Text: "A", Mod: uv.ModCapsLock}, Modes{}, "A"},
		{"!", Key{Code: '1', ShiftedCode: '!', Text: "!", Mod: uv.ModShift}, Modes{}, "!"},
		{"ü", Key{Code: 'ü', Text: "ü"}, Modes{}, "ü"},
		{"composed", Key{Code: uv.KeyExtended, Text: "e\u0301"}, Modes{}, "e\u0301"},
		{"ctrl+c", Key{Code: 'c', Mod: uv.ModCtrl}, Modes{}, "\x03"},
		{"ctrl+c, Cyrillic", Key{Code: 'с', BaseCode: 'c', Mod: uv.ModCtrl}, Modes{}, "\x03"},
		{"ctrl+space", Key{Code: uv.KeySpace, Mod: uv.ModCtrl}, Modes{}, "\x00"},
		{"ctrl+[", Key{Code: '[', Mod: uv.ModCtrl}, Modes{}, "\x1b"},
		{"ctrl+]", Key{Code: ']', Mod: uv.ModCtrl}, Modes{}, "\x1d"},
		{"ctrl+\\", Key{Code: '\\', Mod: uv.ModCtrl}, Modes{}, "\x1c"},
		{"ctrl+/", Key{Code: '/', Mod: uv.ModCtrl}, Modes{}, "\x1f"},
		{"ctrl+_", Key{Code: '_', Mod: uv.ModCtrl}, Modes{}, "\x1f"},
		{"ctrl+shift+a", Key{Code: 'a', Mod: uv.ModCtrl | uv.ModShift}, Modes{}, "\x01"},
		{"alt+b", Key{Code: 'b', Mod: uv.ModAlt}, Modes{}, "\x1bb"},
		{"alt+shift+b", Key{Code: 'b', Mod: uv.ModAlt | uv.ModShift}, Modes{}, "\x1bB"},
		{"alt+ctrl+b", Key{Code: 'b', Mod: uv.ModAlt | uv.ModCtrl}, Modes{}, "\x1b\x02"},
		{"alt+.", Key{Code: '.', Mod: uv.ModAlt}, Modes{}, "\x1b."},
		{"super+l", Key{Code: 'l', Mod: uv.ModSuper}, Modes{}, ""},
		{"enter", Key{Code: uv.KeyEnter}, Modes{}, "\r"},
		{"shift+enter", Key{Code: uv.KeyEnter, Mod: uv.ModShift}, Modes{}, "\r"},
		{"alt+enter", Key{Code: uv.KeyEnter, Mod: uv.ModAlt}, Modes{}, "\x1b\r"},
		{"tab", Key{Code: uv.KeyTab}, Modes{}, "\t"},
		{"shift+tab", Key{Code: uv.KeyTab, Mod: uv.ModShift}, Modes{}, "\x1b[Z"},
		{"esc", Key{Code: uv.KeyEscape}, Modes{}, "\x1b"},
		{"space", Key{Code: uv.KeySpace, Text: " "}, Modes{}, " "},
		{"backspace", Key{Code: uv.KeyBackspace}, Modes{}, "\x7f"},
		{"ctrl+backspace", Key{Code: uv.KeyBackspace, Mod: uv.ModCtrl}, Modes{}, "\x08"},
		{"alt+backspace", Key{Code: uv.KeyBackspace, Mod: uv.ModAlt}, Modes{}, "\x1b\x7f"},
		{"up", Key{Code: uv.KeyUp}, Modes{}, "\x1b[A"},
		{"up, application", Key{Code: uv.KeyUp}, app, "\x1bOA"},
		{"ctrl+left", Key{Code: uv.KeyLeft, Mod: uv.ModCtrl}, app, "\x1b[1;5D"},
		{"shift+alt+right", Key{Code: uv.KeyRight, Mod: uv.ModShift | uv.ModAlt}, Modes{}, "\x1b[1;4C"},
		{"home", Key{Code: uv.KeyHome}, Modes{}, "\x1b[H"},
		{"end, application", Key{Code: uv.KeyEnd}, app, "\x1bOF"},
		{"delete", Key{Code: uv.KeyDelete}, Modes{}, "\x1b[3~"},
		{"ctrl+delete", Key{Code: uv.KeyDelete, Mod: uv.ModCtrl}, Modes{}, "\x1b[3;5~"},
		{"pgup", Key{Code: uv.KeyPgUp}, Modes{}, "\x1b[5~"},
		{"F1", Key{Code: uv.KeyF1}, Modes{}, "\x1bOP"},
		{"shift+F1", Key{Code: uv.KeyF1, Mod: uv.ModShift}, Modes{}, "\x1b[1;2P"},
		{"F5", Key{Code: uv.KeyF5}, Modes{}, "\x1b[15~"},
		{"F12", Key{Code: uv.KeyF12}, Modes{}, "\x1b[24~"},
		{"ctrl+F12", Key{Code: uv.KeyF12, Mod: uv.ModCtrl}, Modes{}, "\x1b[24;5~"},
		{"F63", Key{Code: uv.KeyF63}, Modes{}, ""},
		{"keypad 5", Key{Code: uv.KeyKp5, Text: "5"}, Modes{}, "5"},
		{"keypad 5, application", Key{Code: uv.KeyKp5, Text: "5"}, pad, "\x1bOu"},
		{"keypad enter, application", Key{Code: uv.KeyKpEnter}, pad, "\x1bOM"},
		{"keypad up", Key{Code: uv.KeyKpUp}, Modes{}, "\x1b[A"},
		{"a key without meaning", Key{Code: uv.KeyCapsLock}, Modes{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(EncodeKey(test.key, test.modes)); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestMouse(t *testing.T) {
	click := Mouse{Kind: Press, X: 4, Y: 2, Button: uv.MouseLeft}
	release := Mouse{Kind: Release, X: 4, Y: 2, Button: uv.MouseLeft}
	drag := Mouse{Kind: Motion, X: 5, Y: 2, Button: uv.MouseLeft}
	hover := Mouse{Kind: Motion, X: 5, Y: 2}
	wheel := Mouse{Kind: Press, X: 4, Y: 2, Button: uv.MouseWheelUp, Mod: uv.ModCtrl}
	far := Mouse{Kind: Press, X: 300, Y: 2, Button: uv.MouseLeft}
	for _, test := range []struct {
		name  string
		event Mouse
		modes Modes
		want  string
	}{
		{"not asked for", click, Modes{}, ""},
		{"a click", click, Modes{Mouse: MouseClicks, MouseSGR: true}, "\x1b[<0;5;3M"},
		{"its end", release, Modes{Mouse: MouseClicks, MouseSGR: true}, "\x1b[<0;5;3m"},
		{"a click, the old way", click, Modes{Mouse: MouseClicks}, "\x1b[M\x20\x25\x23"},
		{"its end, the old way", release, Modes{Mouse: MouseClicks}, "\x1b[M\x23\x25\x23"},
		{"presses only", release, Modes{Mouse: MousePress, MouseSGR: true}, ""},
		{"a drag that is not wanted", drag, Modes{Mouse: MouseClicks, MouseSGR: true}, ""},
		{"a drag", drag, Modes{Mouse: MouseDrag, MouseSGR: true}, "\x1b[<32;6;3M"},
		{"motion that is not wanted", hover, Modes{Mouse: MouseDrag, MouseSGR: true}, ""},
		{"motion", hover, Modes{Mouse: MouseMotion, MouseSGR: true}, "\x1b[<35;6;3M"},
		{"the wheel", wheel, Modes{Mouse: MouseClicks, MouseSGR: true}, "\x1b[<80;5;3M"},
		{"far away", far, Modes{Mouse: MouseClicks, MouseSGR: true}, "\x1b[<0;301;3M"},
		{"too far for the old way", far, Modes{Mouse: MouseClicks}, ""},
		{"outside", Mouse{Kind: Press, X: -1, Button: uv.MouseLeft}, Modes{Mouse: MouseClicks, MouseSGR: true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(EncodeMouse(test.event, test.modes)); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestPaste(t *testing.T) {
	for _, test := range []struct{ name, text, plain, bracketed string }{
		{"a word", "ls -l", "ls -l", "\x1b[200~ls -l\x1b[201~"},
		{"lines", "a\nb\r\nc\n", "a\rb\rc\r", "\x1b[200~a\rb\rc\r\x1b[201~"},
		{"an end of brackets in it", "a\x1b[201~rm -rf x\n", "a[201~rm -rf x\r", "\x1b[200~a[201~rm -rf x\r\x1b[201~"},
		{"controls", "a\x03\x00\x7f\tb\u009b201~c\xff", "a\tb201~c", "\x1b[200~a\tb201~c\x1b[201~"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := string(EncodePaste(test.text, Modes{})); got != test.plain {
				t.Errorf("%q, want %q", got, test.plain)
			}
			if got := string(EncodePaste(test.text, Modes{Paste: true})); got != test.bracketed {
				t.Errorf("in brackets %q, want %q", got, test.bracketed)
			}
		})
	}
	for text, want := range map[string]bool{"a": false, "a\n": false, "a\nb": true, "\n\n": false, "a\r\nb\r\n": true} {
		if Runs(text, Modes{}) != want || Runs(text, Modes{Paste: true}) {
			t.Errorf("%q: runs %v, in brackets %v", text, Runs(text, Modes{}), Runs(text, Modes{Paste: true}))
		}
	}
}

// FuzzPaste holds that nothing pasted can end its brackets or press keys.
func FuzzPaste(f *testing.F) {
	f.Add("a\x1b[201~b\xc2\x9b201~")
	f.Fuzz(func(t *testing.T, text string) {
		got := EncodePaste(text, Modes{Paste: true})
		inner := bytes.TrimSuffix(bytes.TrimPrefix(got, []byte(pasteBegin)), []byte(pasteEnd))
		if strings.ContainsFunc(string(inner), func(r rune) bool {
			return r < 0x20 && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0
		}) {
			t.Errorf("a control character in %q", inner)
		}
	})
}
