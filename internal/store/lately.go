package store

import "sync"

// lately is what was committed or read of some rows not long ago, by their keys: it stands before the database, and saves asking it
// again and again for the few rows that each batch needs. It holds no more than some bytes and gives up first what was asked for
// least lately, half of it at a time: that takes two maps, and no list.
//
// It knows only what is committed. What a commit writes is laid aside, and is known when the commit has succeeded: see write.
type lately[K comparable, V any] struct {
	half int // bytes that each of the two may hold

	mu      sync.Mutex // held for what is below
	young   map[K]remembered[V]
	old     map[K]remembered[V]
	bytes   int                  // of young
	aside   map[K]*remembered[V] // by the commit under way; nil: what is known of it holds no longer
	commits uint64               // that have succeeded
}

type remembered[V any] struct {
	value V
	bytes int
}

func newLately[K comparable, V any](bytes int) *lately[K, V] {
	return &lately[K, V]{half: bytes / 2, young: map[K]remembered[V]{}, aside: map[K]*remembered[V]{}}
}

// find returns what is known of a row, as the last commit left it.
func (l *lately[K, V]) find(k K) (v V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.young[k]; ok {
		return r.value, true
	}
	r, ok := l.old[k]
	if ok {
		l.put(k, r)
	}
	return r.value, ok
}

func (l *lately[K, V]) put(k K, r remembered[V]) {
	l.forget(k)
	if r.bytes > l.half {
		return
	}
	if l.bytes+r.bytes > l.half {
		l.old, l.young, l.bytes = l.young, map[K]remembered[V]{}, 0
	}
	l.bytes += r.bytes
	l.young[k] = r
}

func (l *lately[K, V]) forget(k K) {
	l.bytes -= l.young[k].bytes
	delete(l.young, k)
	delete(l.old, k)
}

// asOf is to be asked before the database is, and given to read with what the database said.
func (l *lately[K, V]) asOf() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commits
}

// read notes a row that was read from the database, unless a commit has succeeded since asOf, or one is under way that changes it:
// that may be in the database already, and the row be from before or after.
func (l *lately[K, V]) read(k K, v V, bytes int, asOf uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, changes := l.aside[k]; l.commits == asOf && !changes {
		l.put(k, remembered[V]{v, bytes})
	}
}

// write lays aside what the commit under way makes of a row.
func (l *lately[K, V]) write(k K, v V, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aside[k] = &remembered[V]{v, bytes}
}

// unknow lays aside that the commit under way changes a row of which no more is known.
func (l *lately[K, V]) unknow(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.aside[k] = nil
}

// begin forgets what a commit that has failed laid aside.
func (l *lately[K, V]) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.aside)
}

// committed says that the commit under way has succeeded.
func (l *lately[K, V]) committed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	for k, r := range l.aside {
		if l.forget(k); r != nil {
			l.put(k, *r)
		}
	}
	clear(l.aside)
}
