package store

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

// closed makes a store of three commits, closes it, and returns the head beside the folder.
func closed(t *testing.T) (dir string, h head, want view) {
	dir = t.TempDir()
	s := openStore(t, dir, nil)
	for n := 1; n <= 3; n++ {
		must(t, s.Commit(oneOfEach(n)))
	}
	want, h = viewOf(t, s), s.head
	must(t, s.Close())
	return dir, h, want
}

func TestWhateverLiesBehindTheCommittedBytesIsCut(t *testing.T) {
	t.Parallel()
	dir, h, want := closed(t)
	files := map[string]int64{
		filepath.Base(windowsPath(dir, 1)): h.windows.Size,
		rejectsName:                        h.rejects,
		"evidence/000001.log":              h.evidence.Size,
		"evidence/bodies/000001.jsonl":     h.evidence.BodySize,
	}
	random := rand.New(rand.NewPCG(1, 2))
	// The tail of a real append, to be cut short and scrambled.
	tails := map[string][]byte{}
	next := image(t, dir)
	s := openStore(t, next, nil)
	must(t, s.Commit(oneOfEach(4)))
	must(t, s.Close())
	for name, size := range files {
		tails[name] = readFile(t, next, name)[size:]
	}
	for range tier(60, 1000) {
		for name, size := range files {
			tail := bytes.Clone(tails[name][:random.IntN(len(tails[name])+1)])
			for range random.IntN(3) {
				if len(tail) > 0 {
					tail[random.IntN(len(tail))] ^= byte(1 + random.IntN(255))
				}
			}
			must(t, os.WriteFile(filepath.Join(dir, name), append(readFile(t, dir, name)[:size:size], tail...), 0o600))
		}
		s := openStore(t, dir, nil)
		if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
			t.Fatal(diff)
		}
		must(t, s.Close())
	}
}

func TestAFlippedBitInCommittedBytesIsFoundWithFileAndPlace(t *testing.T) {
	t.Parallel()
	dir, _ := halfSnapshot(t)
	files := []string{rejectsName, "evidence/000001.log", "evidence/bodies/000001.jsonl"}
	windows, err := windowFiles(dir)
	must(t, err)
	for _, n := range windows {
		files = append(files, windowsPath("", n))
	}
	if len(files) != 5 {
		t.Fatalf("files %v: the window log is not being written anew", files)
	}
	random := rand.New(rand.NewPCG(7, 8))
	for _, name := range files {
		path := filepath.Join(dir, name)
		whole := readFile(t, path)
		bits := tier(1, 8) // of each byte: one at random, or all
		for n := random.IntN(tier(11, 1)) * bits; n < len(whole)*bits; n += tier(11, 1) {
			i, bit := n/bits, n%bits
			if bits == 1 {
				bit = random.IntN(8)
			}
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << bit
			must(t, os.WriteFile(path, bad, 0o600))
			r, err := Inspect(dir)
			must(t, err)
			if r.OK() || !strings.Contains(fmt.Sprint(r.Findings), path) || r.Findings[0].At == "" || r.Findings[0].Do == "" {
				t.Errorf("%s, byte %d, bit %d: %+v", name, i, bit, r.Findings)
			}
			if name == rejectsName || i%16 != 0 { // a start does not read the rejects
				continue
			}
			_, err = Open(Options{Dir: dir})
			var d *fsx.Damage
			if !errors.As(err, &d) || !strings.Contains(err.Error(), path) || d.At == "" || d.Do == "" {
				t.Errorf("%s, byte %d: a start says %v", name, i, err)
			}
		}
		must(t, os.WriteFile(path, whole, 0o600))
	}
	must(t, openStore(t, dir, nil).Check())
}

// halfSnapshot is a closed store, a part of whose window log is written anew.
func halfSnapshot(t *testing.T) (dir string, want view) {
	dir = t.TempDir()
	s := openStore(t, dir, nil)
	s.windows.sizes = windowSizes{least: 1 << 40, shard: 100, step: 100, room: 100}
	for n := 1; n <= 3; n++ {
		must(t, s.Commit(oneOfEach(n)))
	}
	must(t, s.Delivered("file", 77, 1))
	s.windows.sizes.least, s.windows.head.Base = 0, 0
	for n := 4; s.head.windows.Base == 0; n++ { // until a shard has states
		must(t, s.Commit(oneOfEach(n)))
	}
	if s.head.windows.Old == 0 {
		t.Fatalf("the snapshot is done: %+v", s.head.windows)
	}
	want = viewOf(t, s)
	must(t, s.Close())
	return dir, want
}

func TestAFlippedBitInTheDatabaseIsFoundOrHarmless(t *testing.T) {
	t.Parallel()
	dir, want := halfSnapshot(t)
	path := filepath.Join(dir, databaseName)
	whole := readFile(t, path)
	random := rand.New(rand.NewPCG(3, 4))
	found := 0
	for _, at := range bitsToFlip(whole, random) {
		i, bit := at/8, at%8
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << bit
		must(t, os.WriteFile(path, bad, 0o600))
		if sameOrFound(t, dir, want, fmt.Sprintf("byte %d, bit %d of the database", i, bit)) {
			found++
		}
	}
	if found < 20 {
		t.Errorf("only %d were found: the test looks at nothing", found)
	}
}

var everyBit = flag.Bool("damage.every-bit", false, "with the tag fault, flip all eight bits of each byte of the database that is not 0: an hour")

// bitsToFlip are some bits of a file; with the tag fault one of each byte that is not 0 (the room between the rows is) and some
// of those that are.
func bitsToFlip(whole []byte, random *rand.Rand) (bits []int) {
	bits = append(bits, 8*47+1) // the version of SQLite's own file format
	for i := range 32 {
		bits = append(bits, 8*60+i) // the version of ours
	}
	for range tier(200, 2000) {
		bits = append(bits, random.IntN(8*len(whole)))
	}
	if tier(0, 1) == 0 {
		return bits
	}
	for i, b := range whole {
		switch {
		case b == 0:
		case *everyBit:
			for bit := range 8 {
				bits = append(bits, 8*i+bit)
			}
		default:
			bits = append(bits, 8*i+random.IntN(8))
		}
	}
	return bits
}

// Each row's own bytes are live: a bit that is flipped in any of them is found.
func TestAFlippedBitInAnyRowIsFoundWithItsTable(t *testing.T) {
	t.Parallel()
	dir, _ := halfSnapshot(t)
	path := filepath.Join(dir, databaseName)
	whole := readFile(t, path)
	for table, text := range map[string]string{
		"alerts": "PC 2 ", "streams": "empty", "journal": `{"n":3}`, "outbox": "alert03", "marks": "file", "head": "g4", "records": string(codecOf(t).encode(recordOf(3))), "pending": "a\xff\x00",
	} {
		bad := bytes.Clone(whole)
		places := 0
		for i := 0; ; i++ { // every copy of it, whichever is live
			n := bytes.Index(bad[i:], []byte(text))
			if n < 0 {
				break
			}
			i += n
			bad[i] ^= 2
			places++
		}
		must(t, os.WriteFile(path, bad, 0o600))
		r, err := Inspect(dir)
		must(t, err)
		named := false
		for _, f := range r.Findings {
			named = named || strings.Contains(f.At+f.What, table) || strings.HasPrefix(f.What, "SQLite says")
		}
		if places == 0 || !named {
			t.Errorf("%s: %d places, findings %+v", table, places, r.Findings)
		}
	}
}

// SQLite ignores the end of a write-ahead log from the first flipped bit on, in silence: the state would go back.
func TestAFlippedBitInTheWriteAheadLogIsFoundOrHarmless(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	for n := 1; n <= 6; n++ {
		must(t, s.Commit(oneOfEach(n)))
	}
	want := viewOf(t, s)
	wal := databaseName + walSuffix
	whole := readFile(t, dir, wal)
	random := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range tier(60, 2000) {
		img := image(t, dir)
		bad := bytes.Clone(whole)
		i, bit := random.IntN(len(bad)), random.IntN(8)
		bad[i] ^= 1 << bit
		must(t, os.WriteFile(filepath.Join(img, wal), bad, 0o600))
		if sameOrFound(t, img, want, fmt.Sprintf("byte %d, bit %d of the write-ahead log", i, bit)) {
			found++
		}
		must(t, os.RemoveAll(img))
	}
	if found < 10 {
		t.Errorf("only %d were found: the test looks at nothing", found)
	}
}

// sameOrFound holds that a look at everything finds damage, with file, place and what to do, and a start refuses; or that the
// state is the same.
func sameOrFound(t *testing.T, dir string, want view, flip string) (found bool) {
	t.Helper()
	r, err := Inspect(dir)
	var newer *versionError
	if errors.As(err, &newer) { // it may be one; nothing is done with it
		if _, err = Open(Options{Dir: dir}); !errors.As(err, &newer) {
			t.Errorf("%s: a look says that it is newer, a start %v", flip, err)
		}
		return true
	}
	if err != nil {
		t.Fatalf("%s: %v", flip, err)
	}
	for _, f := range r.Findings {
		if f.File == "" || f.What == "" || f.Do == "" {
			t.Errorf("%s: %+v", flip, f)
		}
	}
	s, err := Open(Options{Dir: dir, Sinks: []string{"file", "hook"}})
	if err == nil {
		defer s.Close()
		var got view
		if got, err = look(s); err == nil && cmp.Diff(want, got) != "" {
			t.Errorf("%s: taken for the truth: %s", flip, cmp.Diff(want, got))
		}
	}
	var d *fsx.Damage
	if err != nil && !errors.As(err, &d) {
		t.Errorf("%s: refused without saying where: %v", flip, err)
	}
	if err != nil && r.OK() {
		t.Errorf("%s: a start refuses what a look finds in order: %v", flip, err)
	}
	return !r.OK()
}

func TestALostFileIsRefusedAndNothingBesideItIsCut(t *testing.T) {
	for _, test := range []struct{ lost, named, want string }{
		{databaseName, databaseName, "new or empty"},
		{"windows-000001.log", "windows-000001.log", "missing"},
		{"evidence/000001.log", "000001.log", "missing"},
		{"evidence/bodies/000001.jsonl", "000001.jsonl", "missing"},
		{rejectsName, rejectsName, "ends here"},
	} {
		t.Run(test.lost, func(t *testing.T) {
			dir, _, _ := closed(t)
			must(t, os.Remove(filepath.Join(dir, test.lost)))
			kept := image(t, dir)
			for range 2 { // the first refusal must not make the second start believe
				_, err := Open(Options{Dir: dir})
				var d *fsx.Damage
				if !errors.As(err, &d) || filepath.Base(d.File) != test.named || !strings.Contains(d.What, test.want) {
					t.Errorf("got %v", err)
				}
			}
			for _, name := range []string{"windows-000001.log", "evidence/000001.log", "evidence/bodies/000001.jsonl"} {
				if name != test.lost && !bytes.Equal(readFile(t, kept, name), readFile(t, dir, name)) {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

func TestADatabaseFromAnOlderBackupIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(oneOfEach(1)))
	must(t, s.Close())
	old := readFile(t, dir, databaseName)
	s = openStore(t, dir, nil)
	must(t, s.Commit(oneOfEach(2)))
	must(t, s.Commit(oneOfEach(3)))
	must(t, s.Close())
	must(t, os.WriteFile(filepath.Join(dir, databaseName), old, 0o600))
	_, err := Open(Options{Dir: dir})
	var d *fsx.Damage
	if !errors.As(err, &d) || !strings.Contains(d.What, "it has lost commits") {
		t.Errorf("got %v", err)
	}
}

func TestAWindowLogOfAnotherCommitIsRefusedEvenIfItsLengthFits(t *testing.T) {
	dir, h, _ := closed(t)
	var other []byte
	must(t, eachFrame(part{1, bytes.NewReader(readFile(t, windowsPath(dir, 1))), h.windows.Size}, func(f frame) error {
		other = appendFrame(other, frameMagic, max(f.commit, 2)-1, f.payload)
		return nil
	}))
	must(t, os.WriteFile(windowsPath(dir, 1), other, 0o600))
	_, err := Open(Options{Dir: dir})
	var d *fsx.Damage
	if !errors.As(err, &d) || !strings.Contains(d.What, "the last committed frame is of commit 2; the database is at 3") {
		t.Errorf("got %v", err)
	}
}
