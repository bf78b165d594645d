package evidence

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

var everyBit = flag.Bool("every-bit", false, "flip every bit of the log instead of some of each line")

func TestARemovedTailIsFoundByACheckpointAndByNothingElse(t *testing.T) {
	dir, head, s, last := signedLog(t)
	for _, path := range []string{linksPath(dir, head.Segment), bodiesPath(dir, head.Segment)} {
		edit(t, path, func(l []string) []string { return l[:len(l)-1] })
	}
	if r := verify(t, dir); !r.OK() || !strings.Contains(r.Caveat, "cannot be excluded") {
		t.Errorf("without a checkpoint: %+v", r)
	}
	r := against(t, dir, Against{Checkpoints: []Checkpoint{last}, Key: s.verifier})
	if r.OK() || !strings.Contains(r.Faults[0].What, "the last 1 were removed") {
		t.Errorf("with one: %+v", r)
	}
}

func TestACheckpointThatCountsForNothingSaysWhy(t *testing.T) {
	dir, _, s, last := signedLog(t)
	_, _, stranger, foreign := signedLog(t)
	forged := last
	forged.Note = bytes.Replace(last.Note, []byte("\n10\n"), []byte("\n9\n"), 1)
	changed, err := ParseCheckpoint(forged.Note)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		a       Against
		ok      bool
		caveat  string
		problem string
	}{
		{"signed and kept elsewhere", Against{Checkpoints: []Checkpoint{last}, Key: s.verifier}, true, "signed by evidence.example.police.uk", ""},
		{"signature not checked", Against{Checkpoints: []Checkpoint{last}}, true, "signature was not checked", ""},
		{"beside the log", Against{Checkpoints: []Checkpoint{last}, Key: s.verifier, Beside: true}, true, "lie beside the log", ""},
		{"of another key", Against{Checkpoints: []Checkpoint{last}, Key: stranger.verifier}, false, "No checkpoint speaks for this chain", "this key did not sign it"},
		{"of another log, unsigned", Against{Checkpoints: []Checkpoint{foreign}}, false, "No checkpoint", "are not those it is of"},
		{"changed", Against{Checkpoints: []Checkpoint{changed}, Key: s.verifier}, false, "No checkpoint", "the checkpoint was changed"},
		{"two histories", Against{Checkpoints: []Checkpoint{last, foreign}}, false, "The first 10 entries", "two histories were told"},
		{"none", Against{}, true, "cannot be excluded", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := against(t, dir, test.a)
			if r.OK() != test.ok || !strings.Contains(r.Caveat, test.caveat) {
				t.Errorf("%+v", r)
			}
			if !r.OK() && !slices.ContainsFunc(r.Faults, func(f Fault) bool { return strings.Contains(f.What, test.problem) }) {
				t.Errorf("%+v", r.Faults)
			}
		})
	}
}

// TestEveryFlippedBitIsFoundOrHarmless flips bits of every file of a signed log. Harmless is only the tree, which is built anew:
// TestATreeThatIsMissingOrDamagedIsBuiltAnew.
func TestEveryFlippedBitIsFoundOrHarmless(t *testing.T) {
	dir, _, s, last := signedLog(t)
	for n := 1; n <= 3; n++ {
		for _, path := range []string{linksPath(dir, n), bodiesPath(dir, n)} {
			step := 61 // and so another bit in each byte, and all bits in each line
			if *everyBit {
				step = 1
			}
			eachFlip(t, path, step, func(what string) {
				r, err := VerifyAgainst(dir, Against{Checkpoints: []Checkpoint{last}, Key: s.verifier})
				if err == nil && r.OK() {
					t.Errorf("%s: not found", what)
				}
			})
		}
	}
	path := checkpointPath(dir, last.Size)
	eachFlip(t, path, 1, func(what string) {
		list, err := ReadCheckpoints(path)
		if err != nil {
			return
		}
		if r := against(t, dir, Against{Checkpoints: list, Key: s.verifier}); r.OK() {
			t.Errorf("%s: not found", what)
		}
	})
}

// eachFlip calls try with each step-th bit of the file flipped.
func eachFlip(t *testing.T, path string, step int, try func(what string)) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole)*8; i += step {
		bad := bytes.Clone(whole)
		bad[i/8] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		try(fmt.Sprintf("%s, byte %d, bit %d", filepath.Base(path), i/8, i%8))
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWhateverIsDoneToALogOfWhichACheckpointIsKeptIsFound tampers at random: lines of links and bodies are changed, removed,
// doubled, moved, cut off the end, or taken from another log; the tamperer may even make the chain fit again.
func TestWhateverIsDoneToALogOfWhichACheckpointIsKeptIsFound(t *testing.T) {
	dir, _, s, last := signedLog(t)
	original := map[string][]byte{}
	for n := 1; n <= 3; n++ {
		for _, path := range []string{linksPath(dir, n), bodiesPath(dir, n)} {
			p, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			original[path] = p
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		for path, p := range original {
			if err := os.WriteFile(path, p, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(1, 3).Draw(rt, "tamperings") {
			tamper(t, rt, dir)
		}
		if rapid.Bool().Draw(rt, "made to fit again") {
			refit(t, dir)
		}
		same := true
		for path, p := range original {
			now, err := os.ReadFile(path)
			same = same && err == nil && bytes.Equal(now, p)
		}
		r, err := VerifyAgainst(dir, Against{Checkpoints: []Checkpoint{last}, Key: s.verifier})
		if same != (err == nil && r.OK()) {
			rt.Fatalf("same %v: %+v %v", same, r, err)
		}
	})
}

func tamper(t *testing.T, rt *rapid.T, dir string) {
	n := rapid.IntRange(1, 3).Draw(rt, "segment")
	path := rapid.SampledFrom([]string{linksPath(dir, n), bodiesPath(dir, n)}).Draw(rt, "file")
	edit(t, path, func(l []string) []string {
		if len(l) < 2 {
			return l
		}
		i, j := rapid.IntRange(0, len(l)-1).Draw(rt, "line"), rapid.IntRange(0, len(l)-1).Draw(rt, "other")
		switch rapid.IntRange(0, 4).Draw(rt, "how") {
		case 0:
			p := []byte(l[i])
			p[rapid.IntRange(0, len(p)-2).Draw(rt, "byte")] ^= 1 << rapid.IntRange(0, 6).Draw(rt, "bit")
			l[i] = string(p)
		case 1:
			return slices.Delete(l, i, i+1)
		case 2:
			return slices.Insert(l, j, l[i])
		case 3:
			l[i], l[j] = l[j], l[i]
		case 4:
			return l[:i+1]
		}
		return l
	})
}

// refit numbers and chains the lines of the log anew, as somebody who knows the format would.
func refit(t *testing.T, dir string) {
	seq, prev := uint64(0), zeroHash
	for n := 1; n <= 3; n++ {
		edit(t, linksPath(dir, n), func(lines []string) []string {
			for i := range lines {
				l, err := decodeLink([]byte(lines[i]))
				if err != nil {
					continue
				}
				seq++
				l.Seq, l.Prev = seq, prev
				p, err := line(&l)
				if err != nil {
					t.Fatal(err)
				}
				lines[i], prev = string(p), hash(p)
			}
			return lines
		})
	}
}

func TestAProofCanBeFollowedByHandFromTheLeafToTheRoot(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.IntRange(1, 70).Draw(rt, "size")
		n := rapid.IntRange(0, size-1).Draw(rt, "leaf")
		var lines [][]byte
		var f frontier
		var stored []tlog.Hash
		for i := range size {
			lines = append(lines, fmt.Appendf(nil, "line %d\n", i))
			hashes, err := f.add(lines[i])
			if err != nil {
				rt.Fatal(err)
			}
			stored = append(stored, hashes...)
		}
		path, err := tlog.ProveRecord(int64(size), int64(n), tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
			for _, i := range indexes {
				out = append(out, stored[i])
			}
			return out, nil
		}))
		if err != nil {
			rt.Fatal(err)
		}
		h := tlog.RecordHash(lines[n])
		for i, side := range sides(int64(n), int64(size)) {
			if side == "left" {
				h = tlog.NodeHash(path[i], h)
			} else {
				h = tlog.NodeHash(h, path[i])
			}
		}
		if root := rootOf(lines); h != tlog.Hash(root) {
			rt.Fatalf("leaf %d of %d leads to %s, not to %s", n, size, h, hex.EncodeToString(root[:]))
		}
	})
}

func TestAnEntryThatIsNotTheSignedOneHasNoProof(t *testing.T) {
	dir, _, _, last := signedLog(t)
	lines := linesOf(t, dir)
	if _, err := Prove(dir, last, 3, lines[3]); err == nil {
		t.Error("entry 4 was proved to be entry 3")
	}
	for _, seq := range []uint64{0, last.Size + 1} {
		if _, err := Prove(dir, last, seq, lines[0]); err == nil {
			t.Errorf("entry %d was proved", seq)
		}
	}
}

func TestWhatAWitnessWroteIsRead(t *testing.T) {
	dir, _, s, last := signedLog(t)
	own, err := ReadCheckpoints(CheckpointsDir(dir))
	if err != nil || len(own) != 5 {
		t.Fatalf("%d checkpoints, %v", len(own), err)
	}
	file := filepath.Join(t.TempDir(), "witness.jsonl")
	var p []byte
	for _, c := range own {
		p = append(append(p, c.JSON()...), '\n')
	}
	if err := os.WriteFile(file, append(p, last.JSON()[:20]...), 0o600); err != nil { // the last is being written
		t.Fatal(err)
	}
	list, err := ReadCheckpoints(file)
	if err != nil || len(list) != 5 || list[4].From != file+" line 5" {
		t.Fatalf("%+v %v", list, err)
	}
	if r := against(t, dir, Against{Checkpoints: list, Key: s.verifier}); !r.OK() || len(r.Checkpoints) != 5 {
		t.Errorf("%+v", r)
	}
}

func FuzzACheckpointIsReadOnlyInTheFormInWhichItIsWritten(f *testing.F) {
	_, _, _, last := signedLog(f)
	f.Add(last.Note)
	f.Add(append(last.JSON(), '\n'))
	f.Add([]byte("origin\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— origin AAAAAA==\n"))
	f.Add(bytes.Replace(last.Note, []byte("\n10\n"), []byte("\n010\n"), 1))
	f.Add([]byte("{}\n{}"))
	f.Fuzz(func(t *testing.T, p []byte) {
		list, err := parseCheckpoints(p)
		if err != nil {
			return
		}
		for _, c := range list {
			if !bytes.HasPrefix(c.Note, []byte(c.text()+"\n")) {
				t.Errorf("%q is read as %q", c.Note, c.text())
			}
			again, err := parseWitnessed(c.JSON())
			if err != nil || again.Size != c.Size || again.Root != c.Root || !bytes.Equal(again.Note, c.Note) {
				t.Errorf("%q comes back as %q, %v", c.Note, again.Note, err)
			}
		}
	})
}
