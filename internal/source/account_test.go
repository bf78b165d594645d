package source

// account is the bytes of a stream, counted from outside as pipeline does.
type account struct {
	file    int64 // accounted for of the open file
	there   int64 // measured, of the files that were left
	gaps    int64 // declared lost
	unknown int   // gaps that do not say how much
}

// book counts a chunk, and fails where what was handed on or declared lost is not what was measured: at the end of each file,
// and at each resume point.
func (a *account) book(t failer, c *Chunk) {
	t.Helper()
	a.file += c.Bytes
	for _, g := range c.Gaps {
		n := g.To - g.From
		switch {
		case g.To < 0:
			a.unknown++
			continue
		case g.Beyond:
			a.there += n
		default:
			a.file += n
		}
		a.gaps += n
	}
	at, ok := Offset(c.State)
	if !ok {
		t.Fatalf("the state %q does not say where it stands", c.State)
	}
	if f := c.Finished; f != nil {
		if f.Size != a.file {
			t.Fatalf("%s had %d bytes when it was left, and %d are accounted for; chunk of %d bytes, gaps %+v", f.Path, f.Size, a.file, c.Bytes, c.Gaps)
		}
		a.there += f.Size - at
		a.file = at
	}
	if a.file != at {
		t.Fatalf("%d bytes of %s are accounted for, and a restart goes on at %d", a.file, c.Path, at)
	}
}

// all is what has been there so far, but for what waits.
func (a *account) all() int64 { return a.there + a.file }
