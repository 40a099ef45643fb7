package term

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"sync"
	"sync/atomic"
	"time"

	"github.com/berth-sh/berth/workspace"
)

// ErrLost is the kind of a connection that ended before the shell did.
var ErrLost = errors.New("connection lost")

// Start is what opening a shell needs to know.
type Start struct {
	Rows, Cols int
	// Again is set when the shell before was lost, so that one that goes on
	// over there can be found again.
	Again bool
	// Stalled hears when the other side stops answering, and when it answers
	// again. Tell shows a line about the connection. Both may be called from
	// any goroutine and do not block.
	Stalled func(bool)
	Tell    func(string)
}

// Options are what a Session is made of. Open must be there.
type Options struct {
	Open       func(ctx context.Context, start Start) (Shell, error)
	Rows, Cols int
	History    int    // lines; 0 is 10,000
	Notify     func() // something beside the screen has changed; it must not block; may be nil
	Now        func() time.Time
	Retry      func(error) bool                // whether trying again may help; nil is for what is lost or unreachable
	Emulator   func(rows, cols int) Emulator   // nil is NewEmulator
	Pause      func(attempt int) time.Duration // before an attempt after the first; nil is Backoff
	Colors     [2]color.Color                  // the terminal's foreground and background; nil is not known
}

// Session is a shell with its screen. It starts at once, and when the
// connection is lost it keeps the screen and connects again.
type Session struct {
	opts   Options
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	done   chan struct{} // closed when all tasks have ended

	screen  sync.Mutex // guards emu, and holding with it
	emu     Emulator
	holding time.Time // when a program began a frame that is not complete

	changed chan struct{} // capacity 1: there is a new frame
	gen     atomic.Uint64 // grows with every change of the screen
	frame   atomic.Pointer[Frame]
	wanted  atomic.Bool // a frame was asked for while the emulator was busy
	modes   atomic.Pointer[Modes]
	colors  atomic.Pointer[[2]color.Color]

	ring  *ring
	retry chan struct{} // capacity 1: connect now
	sizes chan struct{} // capacity 1: size has changed

	mu     sync.Mutex // guards all below
	status Status
	title  string
	where  string // directory
	events []Event
	input  *queue // nil while there is no shell
	giveUp func() // ends the shell; likewise
	size   [2]int // rows and columns that are wanted
	given  bool   // up: the shell was closed in order to connect again
	closed bool
	// forGood is what became of the shell when closed was set.
	forGood bool
}

// NewSession opens a shell.
func NewSession(opts Options) *Session {
	opts = opts.complete()
	s := &Session{
		opts: opts, done: make(chan struct{}), emu: opts.Emulator(opts.Rows, opts.Cols),
		changed: make(chan struct{}, 1), retry: make(chan struct{}, 1), sizes: make(chan struct{}, 1),
		ring: newRing(), size: [2]int{opts.Rows, opts.Cols},
	}
	s.SetColors(opts.Colors[0], opts.Colors[1])
	s.modes.Store(&Modes{})
	s.frame.Store(s.render(0))
	s.status = Status{Phase: Connecting, Since: opts.Now()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.spawn("parsing", s.parse)
	s.spawn("resizing", s.resizeAll)
	s.spawn("connecting", s.supervise)
	go func() {
		s.tasks.Wait()
		close(s.done)
	}()
	return s
}

func (o Options) complete() Options {
	o.Rows, o.Cols = max(1, o.Rows), max(1, o.Cols)
	if o.History <= 0 {
		o.History = 10_000
	}
	if o.Notify == nil {
		o.Notify = func() {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Retry == nil {
		o.Retry = func(err error) bool { return errors.Is(err, ErrLost) || errors.Is(err, workspace.ErrUnreachable) }
	}
	if o.Pause == nil {
		o.Pause = Backoff
	}
	if o.Emulator == nil {
		history := o.History
		o.Emulator = func(rows, cols int) Emulator { return NewEmulator(rows, cols, history) }
	}
	return o
}

// spawn runs a task that Done waits for. A fault in it ends the session, not
// the program: that would leave the terminal as it is.
func (s *Session) spawn(what string, task func()) {
	s.tasks.Go(func() {
		defer func() {
			if fault := recover(); fault != nil {
				s.fail(fmt.Errorf("%s: internal fault: %v", what, fault))
				s.Close()
			}
		}()
		task()
	})
}

// Close ends the shell and the session. It does not wait; Done does.
func (s *Session) Close() { s.end(true) }

// Leave is Close for a shell that can go on without us, which it then does.
func (s *Session) Leave() { s.end(false) }

func (s *Session) end(forGood bool) {
	s.mu.Lock()
	s.closed, s.forGood = true, forGood
	input := s.input
	s.mu.Unlock()
	s.cancel()
	s.ring.close()
	if input != nil {
		input.close()
	}
}

// Done is closed when the session has ended and nothing of it runs.
func (s *Session) Done() <-chan struct{} { return s.done }

// Changed tells that Frame has something new. It has room for one value.
func (s *Session) Changed() <-chan struct{} { return s.changed }

// Status is how the session is.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Title is what the program calls itself, "" if nothing.
func (s *Session) Title() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.title
}

// Directory is where the program says that it is, "" if it has not.
func (s *Session) Directory() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.where
}

// Events returns what happened since the last call.
func (s *Session) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.events
	s.events = nil
	return out
}

// Generation grows with every change of the screen.
func (s *Session) Generation() uint64 { return s.gen.Load() }

// Modes is what the program wants of its terminal.
func (s *Session) Modes() Modes { return *s.modes.Load() }

// SetColors tells what the terminal's own colours are. Programs that ask from
// now on hear of it.
func (s *Session) SetColors(foreground, background color.Color) {
	s.colors.Store(&[2]color.Color{foreground, background})
}

// happened keeps events for whoever shows the session.
func (s *Session) happened(events []Event) {
	if len(events) == 0 {
		return
	}
	s.mu.Lock()
	for _, e := range events {
		switch e.Kind {
		case Title:
			s.title = e.Text
		case Directory:
			s.where = e.Text
		case Bell, Clipboard, Notice:
			if len(s.events) < maxEvents {
				s.events = append(s.events, e)
			}
		}
	}
	s.mu.Unlock()
	s.opts.Notify()
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
