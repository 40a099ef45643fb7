package main

import (
	"bytes"
	"io"
	"os"

	"github.com/berth-sh/berth/workspace"
)

// head is the first line of the file at path, fit for an error message; ""
// when there is none.
func head(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte("\n"))
	return workspace.Safe(string(line))
}

// tail is the last line of the log at path, fit for an error message; "" when
// there is none.
func tail(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }() // only read
	const enough = 4 << 10
	if info, err := file.Stat(); err == nil && info.Size() > enough {
		if _, err := file.Seek(-enough, io.SeekEnd); err != nil {
			return ""
		}
	}
	data, err := io.ReadAll(io.LimitReader(file, enough))
	if err != nil {
		return ""
	}
	data = bytes.TrimSpace(data)
	return workspace.Safe(string(data[bytes.LastIndexByte(data, '\n')+1:]))
}
