package sshd

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The client describes its terminal as a list of (opcode, value) pairs, RFC
// 4254 section 8. Taking them over is what makes backspace, flow control and
// UTF-8 line editing behave in the workspace as they do on the client.

// setModes applies an encoded list to a terminal. Unknown opcodes are skipped.
func setModes(tty *os.File, encoded []byte) error {
	termios, err := unix.IoctlGetTermios(int(tty.Fd()), ioctlGetTermios)
	if err != nil {
		return fmt.Errorf("reading the terminal: %w", err)
	}
	for len(encoded) >= 5 && encoded[0] != 0 && encoded[0] < 160 {
		applyMode(termios, encoded[0], binary.BigEndian.Uint32(encoded[1:5]))
		encoded = encoded[5:]
	}
	if err := unix.IoctlSetTermios(int(tty.Fd()), ioctlSetTermios, termios); err != nil {
		return fmt.Errorf("setting the terminal: %w", err)
	}
	return nil
}

// applyMode applies one pair.
func applyMode(t *unix.Termios, opcode byte, value uint32) {
	if i, ok := controlCharacters()[opcode]; ok {
		t.Cc[i] = byte(value)
		return
	}
	flags := map[byte]func(){
		30: func() { set(&t.Iflag, unix.IGNPAR, value) },
		31: func() { set(&t.Iflag, unix.PARMRK, value) },
		32: func() { set(&t.Iflag, unix.INPCK, value) },
		33: func() { set(&t.Iflag, unix.ISTRIP, value) },
		34: func() { set(&t.Iflag, unix.INLCR, value) },
		35: func() { set(&t.Iflag, unix.IGNCR, value) },
		36: func() { set(&t.Iflag, unix.ICRNL, value) },
		38: func() { set(&t.Iflag, unix.IXON, value) },
		39: func() { set(&t.Iflag, unix.IXANY, value) },
		40: func() { set(&t.Iflag, unix.IXOFF, value) },
		41: func() { set(&t.Iflag, unix.IMAXBEL, value) },
		42: func() { set(&t.Iflag, unix.IUTF8, value) },
		50: func() { set(&t.Lflag, unix.ISIG, value) },
		51: func() { set(&t.Lflag, unix.ICANON, value) },
		53: func() { set(&t.Lflag, unix.ECHO, value) },
		54: func() { set(&t.Lflag, unix.ECHOE, value) },
		55: func() { set(&t.Lflag, unix.ECHOK, value) },
		56: func() { set(&t.Lflag, unix.ECHONL, value) },
		57: func() { set(&t.Lflag, unix.NOFLSH, value) },
		58: func() { set(&t.Lflag, unix.TOSTOP, value) },
		59: func() { set(&t.Lflag, unix.IEXTEN, value) },
		60: func() { set(&t.Lflag, unix.ECHOCTL, value) },
		61: func() { set(&t.Lflag, unix.ECHOKE, value) },
		70: func() { set(&t.Oflag, unix.OPOST, value) },
		72: func() { set(&t.Oflag, unix.ONLCR, value) },
		73: func() { set(&t.Oflag, unix.OCRNL, value) },
		74: func() { set(&t.Oflag, unix.ONOCR, value) },
		75: func() { set(&t.Oflag, unix.ONLRET, value) },
	}
	if f := flags[opcode]; f != nil {
		f()
	}
}

// controlCharacters maps opcodes to indexes of the terminal's characters.
func controlCharacters() map[byte]int {
	return map[byte]int{
		1: unix.VINTR, 2: unix.VQUIT, 3: unix.VERASE, 4: unix.VKILL, 5: unix.VEOF,
		6: unix.VEOL, 7: unix.VEOL2, 8: unix.VSTART, 9: unix.VSTOP, 10: unix.VSUSP,
		12: unix.VREPRINT, 13: unix.VWERASE, 14: unix.VLNEXT, 18: unix.VDISCARD,
	}
}

// set turns one flag on or off; the flag words differ in width between systems.
func set[T uint32 | uint64](word *T, flag T, value uint32) {
	if value != 0 {
		*word |= flag
	} else {
		*word &^= flag
	}
}
