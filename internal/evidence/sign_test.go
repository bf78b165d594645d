package evidence

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"probity/internal/fsx"
)

func newSigner(t testing.TB) *Signer {
	t.Helper()
	private, public, err := NewKey("evidence.example.police.uk")
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(private + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Public() != public {
		t.Fatalf("public key %q, want %q", s.Public(), public)
	}
	return s
}

func openCheckpoints(t testing.TB, fs *fsx.FS, dir string, s *Signer, head Head) *Checkpoints {
	t.Helper()
	c, err := OpenCheckpoints(fs, dir, s, head)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func sign(t testing.TB, c *Checkpoints, head Head) Checkpoint {
	t.Helper()
	newest, _, err := c.Sign(head)
	if err != nil {
		t.Fatal(err)
	}
	return newest
}

// rootOf is the root hash as RFC 6962, 2.1 defines it.
func rootOf(lines [][]byte) [32]byte {
	switch len(lines) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, lines[0]...))
	}
	k := 1
	for k*2 < len(lines) {
		k *= 2
	}
	left, right := rootOf(lines[:k]), rootOf(lines[k:])
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

func linesOf(t testing.TB, dir string) (lines [][]byte) {
	t.Helper()
	numbers, err := segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		p, err := os.ReadFile(linksPath(dir, n))
		if err != nil {
			t.Fatal(err)
		}
		for l := range bytes.Lines(p) {
			lines = append(lines, l)
		}
	}
	return lines
}

// signedLog is a log in three segments with a checkpoint after every second append.
func signedLog(t testing.TB) (dir string, head Head, s *Signer, last Checkpoint) {
	t.Helper()
	dir, s = t.TempDir(), newSigner(t)
	l, err := Open(&fsx.FS{}, dir, Head{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.segmentBytes = 800
	c := openCheckpoints(t, &fsx.FS{}, dir, s, Head{})
	for i := range 10 {
		if head, err = l.Append(noon, []Entry{{Kind: "alert", Body: map[string]any{"id": fmt.Sprint("a", i), "revision": 1}}}); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			last = sign(t, c, head)
		}
	}
	if head.Segment != 3 {
		t.Fatalf("a poor test: %+v", head)
	}
	return dir, head, s, last
}

func against(t testing.TB, dir string, a Against) Report {
	t.Helper()
	r, err := VerifyAgainst(dir, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCheckpointsOfAGrowingLogHaveTheRootOfTheStandard(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		l := open(t, &fsx.FS{}, dir, Head{})
		defer l.Close()
		l.segmentBytes = 2000
		s := newSigner(t)
		c := openCheckpoints(t, &fsx.FS{}, dir, s, Head{})
		for range rapid.IntRange(1, 6).Draw(rt, "lots") {
			entries := slices.Repeat([]Entry{{Kind: "alert", Body: 1}}, rapid.IntRange(0, 9).Draw(rt, "entries"))
			if _, err := l.Append(noon, entries); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(rt, "restart") {
				c.Close()
				c = openCheckpoints(t, &fsx.FS{}, dir, s, l.Head())
			}
			got := sign(t, c, l.Head())
			if l.Head().Seq == 0 {
				continue
			}
			if got.Size != l.Head().Seq || got.Root != tlog.Hash(rootOf(linesOf(t, dir))) {
				rt.Fatalf("checkpoint of %d entries with root %s; the log has %d", got.Size, got.Root, l.Head().Seq)
			}
			if err := got.Verify(s.verifier); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

func TestSigningReadsOnlyWhatIsNew(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	l.segmentBytes = 700
	c := openCheckpoints(t, &fsx.FS{}, dir, newSigner(t), Head{})
	for l.Head().Segment < 3 {
		appendN(t, l, 1)
	}
	first := sign(t, c, l.Head())
	if err := os.Rename(linksPath(dir, 1), linksPath(dir, 1)+".away"); err != nil {
		t.Fatal(err)
	}
	second := sign(t, c, appendN(t, l, 2))
	if err := os.Rename(linksPath(dir, 1)+".away", linksPath(dir, 1)); err != nil {
		t.Fatal(err)
	}
	if r := against(t, dir, Against{Checkpoints: []Checkpoint{first, second}}); !r.OK() || first.Size == second.Size {
		t.Errorf("%+v", r)
	}
}

func TestASignThatFailsLeavesTheCheckpointBeforeAndIsRepeated(t *testing.T) {
	for n := 1; ; n++ {
		dir, fs, s := t.TempDir(), &fsx.FS{}, newSigner(t)
		l := open(t, &fsx.FS{}, dir, Head{})
		c := openCheckpoints(t, fs, dir, s, Head{})
		before := sign(t, c, appendN(t, l, 2))
		head := appendN(t, l, 3)
		steps := 0
		fs.Fault = func(op, path string) error {
			if steps++; steps == n {
				return &fsx.ShortWrite{Bytes: 40, Err: syscall.ENOSPC}
			}
			return nil
		}
		_, _, err := c.Sign(head)
		fs.Fault = nil
		if err == nil && steps < n {
			if n < 7 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
		if err != nil && c.Last().Size != before.Size {
			t.Errorf("step %d: %d entries after an error", n, c.Last().Size)
		}
		c.Close()
		c = openCheckpoints(t, fs, dir, s, head) // as after a kill
		after := sign(t, c, head)
		if r := against(t, dir, Against{Checkpoints: []Checkpoint{before, after}, Key: s.verifier}); !r.OK() || after.Size != head.Seq {
			t.Errorf("step %d: %+v", n, r)
		}
	}
}

func TestATreeThatIsMissingOrDamagedIsBuiltAnew(t *testing.T) {
	dir, head, s, last := signedLog(t)
	path := filepath.Join(dir, treeName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := linesOf(t, dir)
	check := func(what string) {
		t.Helper()
		for i, line := range lines {
			if _, err := Prove(dir, last, uint64(i+1), line); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		c, err := OpenCheckpoints(&fsx.FS{}, dir, s, head)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		defer c.Close()
		l := open(t, &fsx.FS{}, dir, head)
		defer l.Close()
		grown, err := l.Append(noon, []Entry{{Kind: "gap"}})
		if err != nil {
			t.Fatal(err)
		}
		if next := sign(t, c, grown); next.Root != tlog.Hash(rootOf(linesOf(t, dir))) {
			t.Errorf("%s: a wrong root was signed", what)
		}
		if err := os.Remove(checkpointPath(dir, grown.Seq)); err != nil {
			t.Fatal(err)
		}
		if err := l.Rewind(head); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < len(whole); i += 13 { // every hash, twice or three times
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("flip in byte %d", i))
	}
	for _, n := range []int{0, 1, 32, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		check(fmt.Sprintf("cut to %d", n))
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	check("missing")
}

func TestALogThatIsNotTheOneThatWasSignedIsNotSignedAgain(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, dir string, head Head, s *Signer) Head
		want   string
	}{
		{"entries are gone", func(t *testing.T, dir string, head Head, _ *Signer) Head {
			return Head{Seq: head.Seq - 1, Hash: head.Hash, Segment: head.Segment}
		}, "entries that were signed are gone"},
		{"it was written anew", func(t *testing.T, dir string, head Head, _ *Signer) Head {
			other, otherHead, _, _ := signedLog(t)
			for n := 1; n <= otherHead.Segment; n++ {
				p, err := os.ReadFile(linksPath(other, n))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(linksPath(dir, n), p, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(filepath.Join(dir, treeName)); err != nil {
				t.Fatal(err)
			}
			return otherHead
		}, "are not those that were signed"},
		{"the newest checkpoint is no checkpoint", func(t *testing.T, dir string, head Head, _ *Signer) Head {
			if err := os.WriteFile(checkpointPath(dir, head.Seq), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			return head
		}, "no signed note"},
		{"the newest checkpoint was changed", func(t *testing.T, dir string, head Head, s *Signer) Head {
			p, err := os.ReadFile(checkpointPath(dir, head.Seq-2))
			if err != nil {
				t.Fatal(err)
			}
			p = bytes.Replace(p, fmt.Appendf(nil, "\n%d\n", head.Seq-2), fmt.Appendf(nil, "\n%d\n", head.Seq), 1)
			if err := os.WriteFile(checkpointPath(dir, head.Seq), p, 0o600); err != nil {
				t.Fatal(err)
			}
			return head
		}, "the checkpoint was changed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir, head, s, _ := signedLog(t)
			head = test.change(t, dir, head, s)
			c, err := OpenCheckpoints(&fsx.FS{}, dir, s, head)
			if err == nil {
				c.Close()
			}
			var d *fsx.Damage
			if !errors.As(err, &d) || !strings.Contains(d.What, test.want) || d.Do == "" {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestAnotherKeyGoesOnAfterTheCheckpointsOfTheOldOne(t *testing.T) {
	dir, head, old, last := signedLog(t)
	s := newSigner(t)
	c := openCheckpoints(t, &fsx.FS{}, dir, s, head)
	if _, made, err := c.Sign(head); made || err != nil {
		t.Errorf("made %v, %v", made, err)
	}
	l := open(t, &fsx.FS{}, dir, head)
	next := sign(t, c, appendN(t, l, 1))
	if err := next.Verify(s.verifier); err != nil {
		t.Error(err)
	}
	if err := next.Verify(old.verifier); err == nil {
		t.Error("the old key verifies what the new one signed")
	}
	if r := against(t, dir, Against{Checkpoints: []Checkpoint{last, next}}); !r.OK() {
		t.Errorf("%+v", r)
	}
}

func TestErrorsOfAPrivateKeyDoNotQuoteIt(t *testing.T) {
	private, _, err := NewKey("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", private + "x", private[:len(private)-4], strings.Replace(private, "+a+", "+b+", 1)} {
		if _, err := NewSigner(bad); err == nil || len(bad) > 20 && strings.Contains(err.Error(), bad[20:]) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
	for _, origin := range []string{"", "a b", "a+b", "ä", strings.Repeat("a", 201), "a\n"} {
		if _, _, err := NewKey(origin); err == nil {
			t.Errorf("origin %q is accepted", origin)
		}
	}
}

func BenchmarkSignAThousandNewEntriesOfAMillion(b *testing.B) {
	dir := b.TempDir()
	l, err := Open(&fsx.FS{}, dir, Head{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	entries := make([]Entry, 1000)
	for i := range entries {
		entries[i] = Entry{Kind: "alert", Body: i}
	}
	for range 1000 {
		if _, err := l.Append(noon, entries); err != nil {
			b.Fatal(err)
		}
	}
	c := openCheckpoints(b, &fsx.FS{}, dir, newSigner(b), l.Head())
	sign(b, c, l.Head())
	for b.Loop() {
		b.StopTimer()
		head, err := l.Append(noon, entries)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		sign(b, c, head)
	}
}
