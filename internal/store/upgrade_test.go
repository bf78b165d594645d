package store

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"probity/internal/alert"

	"probity/internal/fsx"
)

// stored unpacks a state folder that an older version has written, as a kill left it: with a write-ahead log.
func stored(t testing.TB, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+archiveExt))
	must(t, err)
	defer f.Close()
	z, err := zstd.NewReader(f)
	must(t, err)
	defer z.Close()
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		must(t, err)
		b, err := io.ReadAll(r)
		must(t, err)
		path := filepath.Join(dir, h.Name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, b, 0o600))
	}
}

// asInVersion1 is what version 1 was given to store: five commits of oneOfEach, deliveries, failures and one more commit.
func asInVersion1(t testing.TB) view {
	s := openStore(t, t.TempDir(), nil)
	for n := 1; n <= 5; n++ {
		c := oneOfEach(n)
		c.Tallies = nil
		if n == 5 {
			c.Streams = append(c.Streams, StreamState{ID: "crime:/var/log/crime.log", Source: "crime", State: []byte(`{"at":"eyJ2IjoxfQ==","top":[1772452800000000000,1772452799000000000,1772452798000000000],"advanced":-9223372036854775808,"same":{"17":{"n":2,"t":1772452800000000000},"99":{"n":1,"t":1772452799000000000}}}`)})
		}
		must(t, s.Commit(c))
	}
	must(t, s.Delivered("file", 77, 1, 3))
	must(t, s.Failed("hook", 2, "503", false))
	must(t, s.Failed("hook", 4, "400", true))
	must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: "k\x00\xff2"}, {Feed: "g", Key: "new", State: []byte("later")}}}))
	return viewOf(t, s)
}

func TestAStoredStateOfVersion1IsUpgradedAndHoldsTheSame(t *testing.T) {
	dir, want := stored(t, "state-v1"), asInVersion1(t)
	s := openStore(t, dir, nil)
	if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
		t.Fatal(diff)
	}
	must(t, s.Check())
	must(t, s.Commit(oneOfEach(6)))
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != schemaVersion || found.Commit != want.Commit+1 {
		t.Errorf("%+v", found)
	}
	// What was saved before is the folder as it was, and can be imported and upgraded again.
	back := filepath.Join(t.TempDir(), "back")
	found, err = Import(filepath.Join(dir, backupName(schemaVersion)), back)
	must(t, err)
	if found.Version != 1 {
		t.Errorf("saved was version %d", found.Version)
	}
	if diff := cmp.Diff(want, viewOf(t, openStore(t, back, nil))); diff != "" {
		t.Error(diff)
	}
}

// A folder of version 3, killed while its window log was being written anew: all frames are of the form before.
func TestAStoredStateOfVersion3IsUpgradedAndItsWindowsGoOn(t *testing.T) {
	dir, want := stored(t, "state-v3-windows"), openStore(t, t.TempDir(), nil)
	for n := 1; n <= 5; n++ {
		must(t, want.Commit(oneOfEach(n)))
	}
	var last int
	for n := 0; want.CommitNumber() < 53; n++ {
		must(t, want.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: fmt.Sprint("w", n%20), State: bytes.Repeat([]byte{byte(n)}, 30)}}}))
		last = n
	}
	s := openStore(t, dir, nil)
	if h := s.head.windows; h.Old == 0 || h.Done == 0 || h.Done == h.Shards {
		t.Fatalf("a poor test: the log is not being written anew: %+v", h)
	}
	if diff := cmp.Diff(viewOf(t, want), viewOf(t, s)); diff != "" {
		t.Fatal(diff)
	}
	// What changes from here on stands behind states of both forms, through the rest of the cycle and another.
	s.windows.sizes = windowSizes{least: 1500, shard: 300, step: 300, room: 100}
	file := s.head.windows.File
	for n := 0; s.head.windows.File < file+2 || s.head.windows.Old != 0; n++ {
		c := &Commit{Windows: []WindowState{{Feed: "f", Key: fmt.Sprint("w", (last+n)%20), State: []byte{byte(n)}, More: true}}}
		must(t, s.Commit(c))
		must(t, want.Commit(c))
	}
	if diff := cmp.Diff(viewOf(t, want), viewOf(t, s)); diff != "" {
		t.Fatal(diff)
	}
	must(t, s.Check())
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != schemaVersion {
		t.Errorf("%+v", found)
	}
	found, err = Import(filepath.Join(dir, backupName(schemaVersion)), filepath.Join(t.TempDir(), "back"))
	must(t, err)
	if found.Version != 3 {
		t.Errorf("saved was version %d", found.Version)
	}
}

// asInVersion3 is what version 3 was given to store.
func asInVersion3(t testing.TB) *Store {
	s := openStore(t, t.TempDir(), nil)
	for n := 1; n <= 5; n++ {
		must(t, s.Commit(oneOfEach(n)))
	}
	must(t, s.Commit(&Commit{Records: keptUntil(20, 100, 50)}))
	held := keptUntil(30, 1, 60)
	held[0].Held = true
	must(t, s.Commit(&Commit{Records: held, Pending: []PendingMatch{{Rule: "r", Actor: "kept", EventID: idOf(40), Until: 70, Record: recordOf(40)}}}))
	must(t, s.Delivered("file", 77, 1, 3))
	must(t, s.Failed("hook", 2, "503", false))
	must(t, s.Failed("hook", 4, "400", true))
	must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "f", Key: "k\x00\xff2"}, {Feed: "g", Key: "new", State: []byte("later")}}}))
	return s
}

// Version 3 kept records with all names and texts written out, in packs of another form.
func TestWhatVersion3KeptIsReadAndGoesOn(t *testing.T) {
	dir, like := stored(t, "state-v3"), asInVersion3(t)
	s := openStore(t, dir, nil)
	if diff := cmp.Diff(viewOf(t, like), viewOf(t, s)); diff != "" {
		t.Fatal(diff)
	}
	texts := func(s *Store) map[int]string {
		found := map[int]string{}
		var keys []RecordKey
		for n := 20; n < 120; n++ {
			keys = append(keys, RecordKey{timeOf(n), idOf(n)})
		}
		records, err := s.Record(keys)
		must(t, err)
		for n := 20; n < 120; n++ {
			found[n] = textOf(records[idOf(n)])
		}
		return found
	}
	want := texts(like)
	if diff := cmp.Diff(want, texts(s)); diff != "" || want[77] == "" {
		t.Fatal(diff)
	}
	must(t, s.Check())
	// One that lies in an old pack is prolonged and gets a row, as others come into new packs.
	for _, s := range []*Store{s, like} {
		must(t, s.Commit(&Commit{Records: append(keptUntil(120, 40, 90), KeptRecord{ID: idOf(50), Time: timeOf(50), Until: 90})}))
	}
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != schemaVersion {
		t.Errorf("%+v", found)
	}
	archive, back := filepath.Join(t.TempDir(), "archive"), filepath.Join(t.TempDir(), "back")
	_, err = Export(dir, archive, "")
	must(t, err)
	_, err = Import(archive, back)
	must(t, err)
	s = openStore(t, back, nil)
	if diff := cmp.Diff(texts(like), texts(s)); diff != "" {
		t.Fatal(diff)
	}
	for _, s := range []*Store{s, like} {
		must(t, s.Commit(&Commit{Forget: 80}))
	}
	if diff := cmp.Diff(texts(like), texts(s)); diff != "" || texts(s)[50] == "" || texts(s)[51] != "" {
		t.Error(diff)
	}
}

func TestAKillAtAnyStepOfAnUpgradeLeavesAFolderThatIsUpgradedLater(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]view{"state-v1": asInVersion1(t), "state-v3-alerts": alertsOfVersion3(t, t.TempDir())} {
		t.Run(name, func(t *testing.T) { killAtAnyStepOfAnUpgrade(t, stored(t, name), want) })
	}
}

func killAtAnyStepOfAnUpgrade(t *testing.T, dir string, want view) {
	var images, steps []string
	fs := &fsx.FS{Fault: func(op, path string) error {
		images = append(images, image(t, dir))
		steps = append(steps, op+" "+filepath.Base(path))
		return nil
	}}
	openStore(t, dir, fs)
	if len(images) < 8 {
		t.Errorf("only %d steps: %v", len(images), steps)
	}
	for i, dir := range images {
		s := openStore(t, dir, nil)
		if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
			t.Errorf("killed at step %d, %s: %s", i, steps[i], diff)
		}
		must(t, s.Close())
		if left, _ := filepath.Glob(filepath.Join(dir, ".exporting-*")); len(left) > 0 {
			t.Errorf("killed at step %d, %s: %v is left", i, steps[i], left)
		}
	}
}

func TestAnUpgradeThatCannotSaveTheFolderChangesNothing(t *testing.T) {
	dir := stored(t, "state-v1")
	full := errors.New("no space left on device")
	_, err := Open(Options{Dir: dir, FS: &fsx.FS{Fault: func(op, path string) error {
		if op == fsx.OpWrite && strings.HasSuffix(path, archiveExt) {
			return full
		}
		return nil
	}}})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "nothing has been changed") {
		t.Errorf("got %v", err)
	}
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != 1 {
		t.Errorf("%+v", found)
	}
}

func TestADamagedStateOfAnOlderVersionIsRefusedAndNotUpgraded(t *testing.T) {
	dir := stored(t, "state-v1")
	path := filepath.Join(dir, "windows-000003.log")
	b := readFile(t, path)
	b[40] ^= 1
	must(t, os.WriteFile(path, b, 0o600))
	_, err := Open(Options{Dir: dir})
	var d *fsx.Damage
	if !errors.As(err, &d) || d.File != path {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, backupName(schemaVersion))); err == nil {
		t.Error("a damaged folder was saved as if it were whole")
	}
}

func TestADatabaseOfANewerProgramIsRefusedWithWhatToDo(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.db.exec("PRAGMA user_version = 9"))
	must(t, s.Close())
	_, openErr := Open(Options{Dir: dir})
	_, inspectErr := Inspect(dir)
	for _, err := range []error{openErr, inspectErr} {
		if err == nil || !strings.Contains(err.Error(), "version 9; this program knows the versions up to 4") || !strings.Contains(err.Error(), "before-version-9.tar.zst") {
			t.Errorf("got %v", err)
		}
	}
}

func TestRevisionsThatVersion3StoredArePutIntoTheOrderInWhichTheyCame(t *testing.T) {
	dir, want := stored(t, "state-v3-alerts"), alertsOfVersion3(t, t.TempDir())
	s := openStore(t, dir, nil)
	if diff := cmp.Diff(want, viewOf(t, s)); diff != "" {
		t.Fatal(diff)
	}
	must(t, s.Check())
	must(t, sameAsPlain(s))
	var order []int64 // the commits of the revisions, as they lie
	must(t, s.db.each(alertTable, "ORDER BY rowid", nil, func(row []any) error { order = append(order, row[2].(int64)); return nil }))
	if !slices.IsSorted(order) || len(order) != 14 {
		t.Errorf("the revisions lie in the order %v", order)
	}
	must(t, s.Commit(oneOfEach(8)))
	must(t, s.Close())
	found, err := Inspect(dir)
	must(t, err)
	if !found.OK() || found.Version != schemaVersion || found.Commit != want.Commit+1 {
		t.Errorf("%+v", found)
	}
	back := filepath.Join(t.TempDir(), "back")
	found, err = Import(filepath.Join(dir, backupName(schemaVersion)), back)
	must(t, err)
	if found.Version != 3 {
		t.Errorf("saved was version %d", found.Version)
	}
	if diff := cmp.Diff(want, viewOf(t, openStore(t, back, nil))); diff != "" {
		t.Error(diff)
	}
}

// alertsOfVersion3 is what version 3 was given to store: oneOfEach seven times, a pack, a closed alert, deliveries and failures.
func alertsOfVersion3(t testing.TB, dir string) view {
	s := openStore(t, dir, nil)
	s.packAtLeast = 2
	for n := 1; n <= 7; n++ {
		c := oneOfEach(n)
		for i := 8; n == 7 && i < idCount; i++ {
			c.Records = append(c.Records, KeptRecord{ID: idOf(i), Time: timeOf(i), Until: 70, Record: recordOf(i)})
		}
		must(t, s.Commit(c))
	}
	_, err := s.CloseAlert(alert.Closing{ID: alertOf(2, 1).ID, Outcome: alert.Training, By: "iso"})
	must(t, err)
	must(t, s.Delivered("file", 77, 1, 3))
	must(t, s.Failed("hook", 2, "503", false))
	must(t, s.Failed("hook", 4, "400", true))
	must(t, s.Commit(&Commit{Windows: []WindowState{{Feed: "g", Key: "new", State: []byte("later")}}}))
	return viewOf(t, s)
}
