package transfer

import "sync/atomic"

// Meter shows how far a copy is. Its methods may be called at any time.
type Meter struct {
	files, filesDone atomic.Int64
	bytes, bytesDone atomic.Int64
	kept             atomic.Int64
	name             atomic.Pointer[string]
}

// Reading is what a meter shows at one moment.
type Reading struct {
	Name             string // of the file that was begun last
	Files, FilesDone int64
	Bytes, BytesDone int64
	Kept             int64 // of BytesDone, what an earlier copy had brought
}

// Read reads the meter.
func (m *Meter) Read() Reading {
	r := Reading{
		Files: m.files.Load(), FilesDone: m.filesDone.Load(),
		Bytes: m.bytes.Load(), BytesDone: m.bytesDone.Load(), Kept: m.kept.Load(),
	}
	if name := m.name.Load(); name != nil {
		r.Name = *name
	}
	return r
}

func (m *Meter) expect(size int64) {
	m.files.Add(1)
	m.bytes.Add(size)
}

func (m *Meter) begin(name string) { m.name.Store(&name) }

func (m *Meter) moved(n int64) { m.bytesDone.Add(n) }

func (m *Meter) keep(n int64) {
	m.kept.Add(n)
	m.bytesDone.Add(n)
}

func (m *Meter) done() { m.filesDone.Add(1) }
