package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"probity/internal/evidence"
	"probity/internal/store"
)

// commits DIR [hold] makes a few commits in a state folder, and keeps it open until the end of the script if asked to.
func commits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: commits DIR [hold]")
	}
	s, err := store.Open(store.Options{Dir: ts.MkAbs(args[0])})
	ts.Check(err)
	for n := range 3 {
		ts.Check(s.Commit(&store.Commit{
			Windows:  []store.WindowState{{Feed: "f", Key: fmt.Sprint(n), State: []byte("state of a window")}},
			Rejects:  []store.Reject{{Source: "niche", Reason: "columns", Data: []byte("a;b")}},
			Evidence: []evidence.Entry{{Kind: "gap", Body: "lost"}},
		}))
	}
	if len(args) == 1 {
		ts.Check(s.Close())
	} else {
		ts.Defer(func() { s.Close() })
	}
}

// flip FILE TEXT flips a bit of the first byte of TEXT in FILE.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip FILE TEXT")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	i := bytes.Index(b, []byte(args[1]))
	if i < 0 {
		ts.Fatalf("%s holds no %q", args[0], args[1])
	}
	b[i] ^= 1
	ts.Check(os.WriteFile(path, b, 0o600))
}
