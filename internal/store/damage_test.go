package store

import (
	"bytes"
	"errors"
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
	for range 60 {
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

func TestAFlippedBitInCommittedBytesIsRefusedWithFileAndPlace(t *testing.T) {
	t.Parallel()
	dir, _, _ := closed(t)
	for _, name := range []string{"windows-000001.log", "evidence/000001.log", "evidence/bodies/000001.jsonl"} {
		path := filepath.Join(dir, name)
		whole := readFile(t, path)
		for i := 0; i < len(whole); i += 7 {
			bad := bytes.Clone(whole)
			bad[i] ^= 1 << (i % 8)
			must(t, os.WriteFile(path, bad, 0o600))
			s, err := Open(Options{Dir: dir})
			var d *fsx.Damage
			if !errors.As(err, &d) || !strings.Contains(err.Error(), path) || d.At == "" || d.Do == "" {
				t.Errorf("%s, byte %d: %v", name, i, err)
			}
			if err == nil {
				s.Close()
			}
		}
		must(t, os.WriteFile(path, whole, 0o600))
	}
	must(t, openStore(t, dir, nil).Check())
}

func TestAFlippedBitInTheDatabaseNeverChangesWhatIsRead(t *testing.T) {
	t.Parallel()
	dir, _, want := closed(t)
	path := filepath.Join(dir, databaseName)
	whole := readFile(t, path)
	random := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for range 250 {
		bad := bytes.Clone(whole)
		i, bit := random.IntN(len(bad)), random.IntN(8)
		bad[i] ^= 1 << bit
		must(t, os.WriteFile(path, bad, 0o600))
		s, err := Open(Options{Dir: dir, Now: nil})
		if err != nil {
			refused++
			continue
		}
		got, err := look(s)
		if err != nil {
			refused++
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("byte %d, bit %d: %s", i, bit, diff)
		}
		must(t, s.Close())
	}
	if refused < 20 {
		t.Errorf("only %d of 250 flips were noticed: the test looks at nothing", refused)
	}
}

// SQLite ignores the end of a write-ahead log from the first flipped bit on: the state goes back by commits.
func TestAFlippedBitInTheWriteAheadLogGoesBackByOneCommitAtMost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	views := map[uint64]view{}
	for n := 1; n <= 6; n++ {
		must(t, s.Commit(oneOfEach(n)))
		views[uint64(n)] = viewOf(t, s)
	}
	wal := databaseName + "-wal"
	whole := readFile(t, dir, wal)
	random := rand.New(rand.NewPCG(5, 6))
	outcomes := map[uint64]int{}
	for range 60 {
		img := image(t, dir)
		bad := bytes.Clone(whole)
		bad[random.IntN(len(bad))] ^= 1 << random.IntN(8)
		must(t, os.WriteFile(filepath.Join(img, wal), bad, 0o600))
		s, err := Open(Options{Dir: img})
		if err != nil {
			var d *fsx.Damage
			if !errors.As(err, &d) {
				t.Errorf("refused without saying where: %v", err)
			}
			outcomes[0]++
			continue
		}
		got := viewOf(t, s)
		outcomes[got.Commit]++
		if got.Commit < 5 {
			t.Errorf("went back to commit %d", got.Commit)
		}
		if diff := cmp.Diff(views[got.Commit], got); diff != "" {
			t.Error(diff)
		}
		must(t, s.Close())
	}
	if outcomes[0] < 10 {
		t.Errorf("outcomes by commit: %v", outcomes)
	}
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
	must(t, eachFrame(bytes.NewReader(readFile(t, windowsPath(dir, 1))), h.windows.Size, func(f frame) error {
		other = appendFrame(other, max(f.commit, 2)-1, f.payload)
		return nil
	}))
	must(t, os.WriteFile(windowsPath(dir, 1), other, 0o600))
	_, err := Open(Options{Dir: dir})
	var d *fsx.Damage
	if !errors.As(err, &d) || !strings.Contains(d.What, "the last committed frame is of commit 2; the database is at 3") {
		t.Errorf("got %v", err)
	}
}
