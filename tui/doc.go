// Package tui is the terminal program: a live list of workspaces and what one
// does with them.
//
// # Shape
//
// [App] is the only Bubble Tea model. Below it are plain structs that draw
// themselves into rooms of cells: the table, the detail pane and a stack of
// dialogs. One registry of actions (package keymap) dispatches keys and is what
// help, palette and footer are made from.
//
// # What it needs
//
// [Config] holds small interfaces that whoever starts the program implements;
// this package knows neither Kubernetes nor SSH. It opens whether or not the
// [Source] has anything to show.
//
// # Blocking
//
// Update and View never wait. Whatever may block runs in a command with a
// context that ends with the program. A Source says that something changed
// through a channel of capacity one; a command waits there, and at most some
// thirty times a second the list is taken anew. The composed screen is kept
// and made again only when something changed, and at most once in 16 ms.
package tui
