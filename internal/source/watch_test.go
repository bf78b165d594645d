package source

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// woken is a rig that is woken by its watch.
func woken(t *testing.T, paths ...string) (*rig, <-chan struct{}) {
	wake := make(chan struct{}, 1)
	return newRig(t, Options{Follow: true, noTail: true, quietEvery: quietEvery, Wake: func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}}, paths...), wake
}

// awaitWake returns when the chain has something to read, or has been heard of. The clock of the rig stands still: no look falls due.
func (r *rig) awaitWake(t *testing.T, wake <-chan struct{}) {
	t.Helper()
	late := time.After(10 * time.Second)
	for r.set.Due().After(r.now) {
		select {
		case <-wake:
		case <-late:
			t.Fatal("nothing was heard of the file")
		}
	}
}

func TestAWriteIsHeardBetweenTwoLooks(t *testing.T) {
	r, wake := woken(t, "a.log")
	r.write("a.log", "one\n")
	r.open()
	r.live()
	for i := range 5 {
		r.write("a.log", fmt.Sprintln("more", i))
		r.awaitWake(t, wake)
		chunk, err := r.streams[0].Next(10)
		if err != nil || chunk == nil {
			t.Fatalf("nothing to read after a write was heard: %v", err)
		}
		r.commit(r.streams[0], chunk, 10)
		if chunk, err := r.streams[0].Next(10); chunk != nil || err != nil {
			t.Fatalf("%v, %v behind all that was written", chunk, err)
		}
	}
	r.want(t, []string{"one", "more 0", "more 1", "more 2", "more 3", "more 4"})
}

func TestARotationIsHeard(t *testing.T) {
	r, wake := woken(t, "a.log")
	r.write("a.log", "one\n")
	r.open()
	r.live()
	r.rename("a.log", "a.log.1")
	r.write("a.log", "two\n")
	r.awaitWake(t, wake)
	r.drain()
	r.want(t, []string{"one", "two"})
}

func TestWhichFilesAnEventConcerns(t *testing.T) {
	for _, c := range []struct {
		event fsnotify.Event
		rung  []string
		wakes bool
		news  bool
	}{
		{fsnotify.Event{Name: "/logs/a.log", Op: fsnotify.Write}, []string{"/logs/a.log"}, true, false},
		{fsnotify.Event{Name: "/logs/a.log", Op: fsnotify.Chmod}, []string{"/logs/a.log"}, true, false},
		{fsnotify.Event{Name: "/logs/a.log", Op: fsnotify.Rename}, []string{"/logs/a.log"}, true, true},
		{fsnotify.Event{Name: "/logs/a.log.1", Op: fsnotify.Create}, []string{"/logs/a.log"}, true, true},
		{fsnotify.Event{Name: "/logs/a.log-20260302.gz", Op: fsnotify.Create}, []string{"/logs/a.log"}, true, true},
		{fsnotify.Event{Name: "/logs/other.log", Op: fsnotify.Write}, nil, false, false},
		{fsnotify.Event{Name: "/logs/other.log", Op: fsnotify.Create}, nil, true, true},
		{fsnotify.Event{Name: "/logs", Op: fsnotify.Remove}, nil, true, true},
		{fsnotify.Event{}, nil, false, false}, // the library makes such ones of watches that are over
	} {
		w := mute("/logs")
		ears := map[string]*ear{"/logs/a.log": w.ear("/logs/a.log"), "/logs/b.log": w.ear("/logs/b.log")}
		wakes := w.hear(c.event)
		var rung []string
		for path, e := range ears {
			if e.rung.Load() {
				rung = append(rung, path)
			}
		}
		if diff := cmp.Diff(c.rung, rung); diff != "" || wakes != c.wakes || w.anyNews() != c.news {
			t.Errorf("%v: wakes %v, news %v (-want +got):\n%s", c.event, wakes, w.anyNews(), diff)
		}
		if watched := w.hears("/logs"); watched != (c.event.Name != "/logs") {
			t.Errorf("%v: folder watched: %v", c.event, watched)
		}
	}
}

// mute is a watch of a folder of which no event ever comes: one whose library hangs.
func mute(folder string) *watch {
	w := watchOf(&fsnotify.Watcher{Events: make(chan fsnotify.Event, 1024), Errors: make(chan error, 1)}, func() {}, zap.NewNop())
	w.folders[folder] = true
	return w
}

func TestAQuietFileIsLookedAtMoreAndMoreSeldom(t *testing.T) {
	core, logged := observer.New(zap.InfoLevel)
	r := newRig(t, Options{Follow: true, deaf: true, noTail: true, quietEvery: quietEvery, Logger: zap.New(core)}, "a.log")
	r.write("a.log", "one\n")
	r.open()
	w := mute(r.dir)
	r.set.shared.watch = w
	r.look(10)
	r.next(t)
	looks := func() (apart []time.Duration) {
		for range 8 {
			due := r.set.chains[r.path("a.log")].nextLook
			apart = append(apart, due.Sub(r.now))
			r.now = due
			r.next(t)
		}
		return apart
	}
	ms := func(n ...time.Duration) (list []time.Duration) {
		for _, n := range n {
			list = append(list, n*time.Millisecond)
		}
		return list
	}
	slower := ms(25, 50, 100, 200, 400, 800, 1000, 1000)
	if diff := cmp.Diff(slower, looks()); diff != "" {
		t.Errorf("looks after a line (-want +got):\n%s", diff)
	}
	// An event is lost: it costs a look, and while nothing is heard looks stay near.
	r.write("a.log", "two\n")
	r.now = r.now.Add(quietEvery)
	r.next(t)
	if diff := cmp.Diff(ms(25, 50, 100, 200, 200, 200, 200, 200), looks()); diff != "" {
		t.Errorf("looks after a line of which nothing was heard (-want +got):\n%s", diff)
	}
	if n := logged.Len(); n != 1 {
		t.Errorf("told %d times that nothing is heard of the file", n)
	}
	r.write("a.log", "three\n")
	w.hear(fsnotify.Event{Name: r.path("a.log"), Op: fsnotify.Write})
	r.next(t) // at once
	if diff := cmp.Diff(slower, looks()); diff != "" {
		t.Errorf("looks after a line that was heard (-want +got):\n%s", diff)
	}
	w.deaf.Store(true)
	if got := looks(); got[7] != lookEvery {
		t.Errorf("looks %v apart although the watch has ended", got[7])
	}
	r.want(t, []string{"one", "two", "three"})
}

// next takes what there is, with the clock as it stands.
func (r *rig) next(t *testing.T) {
	t.Helper()
	for {
		chunk, err := r.streams[0].Next(10)
		if err != nil {
			t.Fatal(err)
		}
		if chunk == nil {
			return
		}
		r.commit(r.streams[0], chunk, 10)
	}
}

func TestLostEventsMeanThatEachFileIsLookedAt(t *testing.T) {
	w := mute("/logs")
	core, logged := observer.New(zap.WarnLevel)
	w.log = zap.New(core)
	for n, err := range []error{fsnotify.ErrEventOverflow, errors.New("short read")} {
		a, b := w.ear("/logs/a.log"), w.ear("/logs/b.log")
		w.noNews()
		w.miss(err)
		if !a.rung.Load() || !b.rung.Load() || !w.anyNews() {
			t.Errorf("%v: a file is not looked at, or the folder not listed", err)
		}
		if logged.Len() != n { // a full queue is no fault
			t.Errorf("%v: %d warnings", err, logged.Len())
		}
	}
}

func TestAFollowerWhoseWatchHasEndedGoesOnLooking(t *testing.T) {
	r, _ := woken(t, "a.log")
	core, logged := observer.New(zap.WarnLevel)
	r.opts.Logger = zap.New(core)
	r.write("a.log", "one\n")
	r.open()
	r.live()
	r.must(r.set.watch.events.Close())
	<-r.set.watch.over
	if logged.Len() != 1 {
		t.Errorf("the end of the watch was told %d times", logged.Len())
	}
	r.write("a.log", "two\n")
	r.now = r.now.Add(quietEvery)
	r.next(t)
	for range 6 {
		r.now = r.set.chains[r.path("a.log")].nextLook
		r.next(t)
	}
	if apart := r.set.chains[r.path("a.log")].pace; apart != lookEvery {
		t.Errorf("looks %v apart", apart)
	}
	r.want(t, []string{"one", "two"})
}

func TestManyWritesWakeTheFollowerAFewTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := mute("/logs")
		wakes := 0
		w.wake = func() { wakes++ }
		a, b := w.ear("/logs/a.log"), w.ear("/logs/b.log")
		go w.listen()
		for n := range 2000 { // of two files in turn, which the kernel does not make one of
			w.events.Events <- fsnotify.Event{Name: []string{"/logs/a.log", "/logs/b.log"}[n%2], Op: fsnotify.Write}
		}
		synctest.Wait()
		<-time.After(10 * gatherFor)
		if !a.rung.Load() || !b.rung.Load() {
			t.Error("a file that was written to has not been heard of")
		}
		if wakes == 0 || wakes > 4 {
			t.Errorf("woken %d times", wakes)
		}
		close(w.events.Events)
		<-w.over
	})
}
