package store

import (
	"bytes"
	"io"
	"os"
	"testing"
)

// Whatever an archive holds, reading it ends, and hands on only files whose names stay in the folder and whose sums fit.
func FuzzArchivesAreReadWithoutPanicAndOnlyAsTheirManifestSays(f *testing.F) {
	f.Add(must2(os.ReadFile("testdata/state-v1" + archiveExt)))
	file, err := os.CreateTemp(f.TempDir(), "")
	must(f, err)
	_, err = file.WriteString("hello")
	must(f, err)
	a := &archived{ArchivedFile: ArchivedFile{Name: "evidence/000001.log", Size: 5}, file: file}
	must(f, a.sumUp())
	for _, name := range []string{a.Name, "../escape", lockName, "/etc/passwd"} {
		a.Name = name
		var buf bytes.Buffer
		must(f, writeArchive(&buf, &Manifest{Archive: 1, Version: 1, Files: []ArchivedFile{a.ArchivedFile}}, []*archived{a}))
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		a, err := openArchive(bytes.NewReader(p))
		if err != nil {
			return
		}
		defer a.close()
		var sizes []int64
		err = a.each(func(f ArchivedFile, content io.Reader) error {
			n, err := io.Copy(io.Discard, io.LimitReader(content, 1<<20))
			sizes = append(sizes, n)
			if f.Name == lockName || f.Name[0] == '/' || bytes.Contains([]byte(f.Name), []byte("..")) && len(f.Name) > 1 && f.Name[:2] == ".." {
				t.Errorf("handed on %q", f.Name)
			}
			return err
		})
		if err == nil && len(sizes) != len(a.Files) {
			t.Errorf("%d of %d files", len(sizes), len(a.Files))
		}
	})
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func FuzzTalliesAreReadWithoutPanicAndAsTheyWereWritten(f *testing.F) {
	f.Add(appendTally(nil, Tally{Hash: 1, Time: -2, N: 3}))
	f.Add([]byte("1234567"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var again []byte
		err := eachTally("state.db", "", p, func(t Tally) error { again = appendTally(again, t); return nil })
		if (err == nil) != (len(p)%tallyBytes == 0) || !bytes.Equal(again, p[:len(p)/tallyBytes*tallyBytes]) {
			t.Errorf("%v: %x", err, again)
		}
	})
}
