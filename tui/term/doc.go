// Package term is a terminal inside the program: it runs a remote shell, keeps
// its screen and history, and turns keys, pastes and the mouse into what a
// terminal would send. It knows neither how the shell is reached ([Shell] is an
// interface) nor how its screen is shown.
//
// # The way of a byte
//
//	shell ─read─> ring ─parse─> Emulator ─Changed─> whoever draws calls Frame
//	keys, paste, mouse, sizes, the emulator's answers ─> queue ─write─> shell
//
// A [Session] owns one goroutine for each of these arrows and one that opens
// the shell, and opens it again when the connection was lost. None of them ever
// waits for the one who draws, and no method that is called while drawing waits
// for them.
//
// # What a shell may do to us
//
// Its output is hostile. A lexer cuts it into whole units before the emulator
// sees any, so that there is one place that decides what passes: texts without
// control or invisible characters, and the sequences that are known, with their
// numbers held to the size of the screen. Everything that asks for an answer is
// answered here, with constants and positions only, never with text that came
// from the other side. What is drawn is made of cells, never of bytes from the
// shell.
package term
