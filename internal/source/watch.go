package source

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// gatherFor is how long events are left to the kernel after some that were heard: it makes one event of equal ones in a row,
// and the follower needs to know that a file was written to, not how often.
const gatherFor = 5 * time.Millisecond

// ear is what one chain hears of its file: set by the watch, taken by the chain.
type ear struct{ rung atomic.Bool }

// watch hears of writes and renames in folders, and wakes the follower. It is a hint and never trusted alone: each file is
// looked at all the same, see chain.due, so that events that are lost, or a library that hangs, cost a second at most.
//
// Of folders, not of files: a file can be renamed, removed and made again between two looks, a folder is one watch for all of
// its files, and the watch is not in the way of whoever unmounts or removes a log.
type watch struct {
	events *fsnotify.Watcher
	wake   func()
	log    *zap.Logger
	over   chan struct{} // closed when listen has returned
	ending atomic.Bool   // close has been called
	deaf   atomic.Bool   // listen has returned: nothing will be heard any more

	mu      sync.Mutex // for what follows
	ears    map[string]*ear
	folders map[string]bool // that are watched
	news    bool            // a name has come, gone or changed since it was last asked
}

func newWatch(wake func(), log *zap.Logger) (*watch, error) {
	events, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		return nil, err
	}
	w := watchOf(events, wake, log)
	go w.listen()
	return w, nil
}

func watchOf(events *fsnotify.Watcher, wake func(), log *zap.Logger) *watch {
	return &watch{events: events, wake: wake, log: log, over: make(chan struct{}), ears: map[string]*ear{}, folders: map[string]bool{}}
}

// listen takes what the library hears until it is closed, and wakes the follower once for all that has gathered. It waits for
// nobody, so that the library is never kept from handing its events on for more than a moment.
func (w *watch) listen() {
	defer close(w.over)
	defer w.end()
	for {
		var heard bool
		select {
		case ev, ok := <-w.events.Events:
			if !ok {
				return
			}
			heard = w.hear(ev)
			for range len(w.events.Events) { // what has gathered meanwhile
				heard = w.hear(<-w.events.Events) || heard
			}
		case err, ok := <-w.events.Errors:
			if !ok {
				return
			}
			w.miss(err)
			heard = true
		}
		if heard {
			w.wake()
			<-time.After(gatherFor)
		}
	}
}

// end is for when nothing will be heard any more.
func (w *watch) end() {
	w.deaf.Store(true)
	if !w.ending.Load() {
		w.log.Warn("watching folders has ended; each file is looked at five times a second instead")
	}
}

// hear says whether an event concerns a file that is followed, or may.
func (w *watch) hear(ev fsnotify.Event) bool {
	path := filepath.Clean(ev.Name)
	w.mu.Lock()
	defer w.mu.Unlock()
	moved := ev.Op&(fsnotify.Create|fsnotify.Rename|fsnotify.Remove) != 0
	if moved {
		w.news = true
	}
	if ev.Op&(fsnotify.Rename|fsnotify.Remove) != 0 {
		delete(w.folders, path) // a folder itself
	}
	e := w.ears[path]
	if e == nil && moved { // a generation of a file that is followed
		name, _, _ := rotated(filepath.Base(path))
		e = w.ears[filepath.Join(filepath.Dir(path), name)]
	}
	if e != nil {
		e.rung.Store(true)
	}
	return e != nil || moved
}

// miss is told that events were lost, the queue of the kernel being full, or that the library has a problem: every file may
// have been written to.
func (w *watch) miss(err error) {
	if !errors.Is(err, fsnotify.ErrEventOverflow) {
		w.log.Warn("watching folders; files are looked at all the same", zap.Error(err))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news = true
	for _, e := range w.ears {
		e.rung.Store(true)
	}
}

// ear is that of the chain with this base. One that nothing is heard of is never rung.
func (w *watch) ear(base string) *ear {
	e := &ear{}
	if w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ears[base] = e
	}
	return e
}

// forget takes a chain's ear back.
func (w *watch) forget(base string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ears, base)
}

// folder watches a folder, if it is there.
func (w *watch) folder(dir string) {
	if w == nil || w.hears(dir) || w.events.Add(dir) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.folders[dir] = true
}

// hears says whether events of the files in a folder are to be expected.
func (w *watch) hears(dir string) bool {
	if w == nil || w.deaf.Load() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.folders[dir]
}

// anyNews says whether a name has come, gone or changed in a folder.
func (w *watch) anyNews() bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.news
}

// noNews forgets it, before the folders are listed.
func (w *watch) noNews() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.news = false
}

// close returns when the goroutine has ended.
func (w *watch) close() error {
	if w == nil {
		return nil
	}
	w.ending.Store(true)
	err := w.events.Close()
	<-w.over
	return err
}
