package term

// What a terminal sends for a key, in xterm's way. x/vt has an encoder too; it
// loses every capital letter and most modifiers.

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	uv "github.com/charmbracelet/ultraviolet"
)

// Key is a key that was pressed.
type Key = uv.Key

// EncodeKey returns what to send for a key, nothing for those that have no
// meaning to a terminal.
func EncodeKey(k Key, m Modes) []byte {
	k.Mod &^= uv.ModCapsLock | uv.ModNumLock | uv.ModScrollLock // they are in the text already
	if m.AppKeypad && k.Mod == 0 {
		if final, ok := keypad(k.Code); ok {
			return []byte("\x1bO" + string(final))
		}
	}
	if seq := special(k, m); seq != nil {
		return seq
	}
	if k.Mod&^uv.ModShift == 0 && k.Text != "" {
		return []byte(k.Text)
	}
	if k.Mod&(uv.ModSuper|uv.ModHyper) != 0 {
		return nil // belongs to the desktop
	}
	r := letter(k)
	if r == 0 {
		return nil
	}
	out := utf8.AppendRune(nil, r)
	if k.Mod&uv.ModCtrl != 0 {
		c, ok := controlOf(r, k.BaseCode)
		if !ok {
			return nil
		}
		out = []byte{c}
	}
	return withAlt(k.Mod, out)
}

func withAlt(mod uv.KeyMod, b []byte) []byte {
	if mod&(uv.ModAlt|uv.ModMeta) != 0 {
		return append([]byte{0x1b}, b...)
	}
	return b
}

// letter is the character of a key, 0 for keys that have none.
func letter(k Key) rune {
	switch {
	case k.Text != "":
		r, n := utf8.DecodeRuneInString(k.Text)
		if n == len(k.Text) {
			return r
		}
		return 0
	case keypadText(k.Code) != 0:
		return keypadText(k.Code)
	case k.Code >= uv.KeyExtended || k.Code < 0x20:
		return 0
	case k.Mod&uv.ModShift != 0 && k.ShiftedCode != 0:
		return k.ShiftedCode
	case k.Mod&uv.ModShift != 0:
		return unicode.ToUpper(k.Code)
	}
	return k.Code
}

// controlOf is the control character of ctrl and a key. base is where the key
// is on a Latin keyboard.
func controlOf(r, base rune) (byte, bool) {
	if r >= 0x80 && base != 0 {
		r = base
	}
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '[' && r <= '_', r == '@':
		return byte(r) & 0x1f, true
	case r == ' ', r == '2', r == '`':
		return 0, true
	case r >= '3' && r <= '7':
		return byte(r-'3') + 0x1b, true
	case r == '8', r == '?':
		return 0x7f, true
	case r == '/', r == '-':
		return 0x1f, true
	case r == '~':
		return 0x1e, true
	case r > 0x20 && r < 0x7f:
		return byte(r), true // as a terminal without a way to say more
	}
	return 0, false
}

// special returns the sequence of a key that has one.
func special(k Key, m Modes) []byte {
	switch k.Code {
	case uv.KeyEnter, uv.KeyKpEnter:
		return withAlt(k.Mod, []byte{'\r'})
	case uv.KeyTab:
		if k.Mod&uv.ModShift != 0 {
			return withAlt(k.Mod, []byte("\x1b[Z"))
		}
		return withAlt(k.Mod, []byte{'\t'})
	case uv.KeyEscape:
		return withAlt(k.Mod, []byte{0x1b})
	case uv.KeyBackspace:
		if k.Mod&uv.ModCtrl != 0 {
			return withAlt(k.Mod, []byte{0x08})
		}
		return withAlt(k.Mod, []byte{0x7f})
	}
	if final, ok := cursorKey(k.Code); ok {
		switch {
		case k.Mod != 0:
			return fmt.Appendf(nil, "\x1b[1;%d%c", modifiers(k.Mod), final)
		case m.AppCursor:
			return []byte("\x1bO" + string(final))
		}
		return []byte("\x1b[" + string(final))
	}
	if k.Code >= uv.KeyF1 && k.Code <= uv.KeyF4 {
		final := 'P' + k.Code - uv.KeyF1
		if k.Mod != 0 {
			return fmt.Appendf(nil, "\x1b[1;%d%c", modifiers(k.Mod), final)
		}
		return []byte("\x1bO" + string(final))
	}
	if number := editKey(k.Code); number != 0 {
		if k.Mod != 0 {
			return fmt.Appendf(nil, "\x1b[%d;%d~", number, modifiers(k.Mod))
		}
		return fmt.Appendf(nil, "\x1b[%d~", number)
	}
	return nil
}

// modifiers is how xterm writes them.
func modifiers(mod uv.KeyMod) int {
	n := 1
	for bit, m := range []uv.KeyMod{uv.ModShift, uv.ModAlt, uv.ModCtrl, uv.ModMeta} {
		if mod&m != 0 {
			n += 1 << bit
		}
	}
	return n
}

func cursorKey(code rune) (final rune, ok bool) {
	switch code {
	case uv.KeyUp, uv.KeyKpUp:
		return 'A', true
	case uv.KeyDown, uv.KeyKpDown:
		return 'B', true
	case uv.KeyRight, uv.KeyKpRight:
		return 'C', true
	case uv.KeyLeft, uv.KeyKpLeft:
		return 'D', true
	case uv.KeyBegin, uv.KeyKpBegin:
		return 'E', true
	case uv.KeyEnd, uv.KeyKpEnd:
		return 'F', true
	case uv.KeyHome, uv.KeyKpHome:
		return 'H', true
	}
	return 0, false
}

// editKey is the number of a key that is sent as CSI number ~.
func editKey(code rune) int {
	switch code {
	case uv.KeyFind:
		return 1
	case uv.KeyInsert, uv.KeyKpInsert:
		return 2
	case uv.KeyDelete, uv.KeyKpDelete:
		return 3
	case uv.KeySelect:
		return 4
	case uv.KeyPgUp, uv.KeyKpPgUp:
		return 5
	case uv.KeyPgDown, uv.KeyKpPgDown:
		return 6
	}
	numbers := [...]int{15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34} // F5 to F20
	if i := int(code - uv.KeyF5); code >= uv.KeyF5 && i < len(numbers) {
		return numbers[i]
	}
	return 0
}

// keypad is the final letter of a key of an application keypad.
func keypad(code rune) (final rune, ok bool) {
	if code >= uv.KeyKp0 && code <= uv.KeyKp9 {
		return 'p' + code - uv.KeyKp0, true
	}
	switch code {
	case uv.KeyKpEnter:
		return 'M', true
	case uv.KeyKpEqual:
		return 'X', true
	case uv.KeyKpMultiply:
		return 'j', true
	case uv.KeyKpPlus:
		return 'k', true
	case uv.KeyKpComma, uv.KeyKpSep:
		return 'l', true
	case uv.KeyKpMinus:
		return 'm', true
	case uv.KeyKpDecimal:
		return 'n', true
	case uv.KeyKpDivide:
		return 'o', true
	}
	return 0, false
}

// keypadText is what is written on a key of the keypad.
func keypadText(code rune) rune {
	if code >= uv.KeyKp0 && code <= uv.KeyKp9 {
		return '0' + code - uv.KeyKp0
	}
	switch code {
	case uv.KeyKpEqual:
		return '='
	case uv.KeyKpMultiply:
		return '*'
	case uv.KeyKpPlus:
		return '+'
	case uv.KeyKpComma, uv.KeyKpSep:
		return ','
	case uv.KeyKpMinus:
		return '-'
	case uv.KeyKpDecimal:
		return '.'
	case uv.KeyKpDivide:
		return '/'
	}
	return 0
}
