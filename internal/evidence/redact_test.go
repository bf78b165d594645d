package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"probity/internal/fsx"
)

const secret = "Quill looked up her neighbour"

// logWithASecret has the secret in entry 2, and its redaction, not yet done, in entry 4.
func logWithASecret(t *testing.T, fs *fsx.FS, record bool) (dir string, l *Log) {
	t.Helper()
	dir = t.TempDir()
	l = open(t, fs, dir, Head{})
	entries := []Entry{{Kind: "start", Body: 1}, {Kind: "alert", Body: map[string]string{"id": "a1", "who": secret}}, {Kind: "stop", Body: 2}}
	if record {
		r := Redaction{Seq: 2, Kind: "alert", Reason: "court order", ApprovedBy: "DPO"}
		entries = append(entries, r.Entry())
	}
	if _, err := l.Append(noon, entries); err != nil {
		t.Fatal(err)
	}
	return dir, l
}

func allBytes(t *testing.T, dir string) []byte {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		p, err := os.ReadFile(path)
		all.Write(p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

func TestARedactedBodyIsDestroyedAndTheChainVerifiesAndOpens(t *testing.T) {
	dir, l := logWithASecret(t, &fsx.FS{}, true)
	before, err := Read(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	salt := string(before.BodyLine[len(`{"seq":2,"salt":"`):][:2*saltBytes])
	if r := verify(t, dir); !r.OK() || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "whose body is still there") {
		t.Errorf("recorded and not done: %+v", r)
	}
	if err := l.Erase(2); err != nil {
		t.Fatal(err)
	}
	if all := allBytes(t, dir); bytes.Contains(all, []byte("neighbour")) || bytes.Contains(all, []byte(salt)) {
		t.Error("body or salt is still there")
	}
	r := verify(t, dir)
	if !r.OK() || r.Redacted != 1 || len(r.Notes) != 0 || r.Hash != l.Head().Hash {
		t.Errorf("%+v", r)
	}
	after, err := Read(dir, 2)
	if err != nil || after.Body != nil || !bytes.Equal(after.Line, before.Line) {
		t.Errorf("%+v %v", after, err)
	}
	head := l.Head()
	l.Close()
	appendN(t, open(t, &fsx.FS{}, dir, head), 1)
}

func TestAnErasureThatNobodyRecordedIsAFault(t *testing.T) {
	dir, l := logWithASecret(t, &fsx.FS{}, false)
	if err := l.Erase(2); err != nil {
		t.Fatal(err)
	}
	r := verify(t, dir)
	if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].What, "no redaction entry says who approved that") || r.Faults[0].Seq != 2 {
		t.Errorf("%+v", r)
	}
}

func TestAKillInTheMiddleOfAnErasureIsFinishedAtTheNextStart(t *testing.T) {
	for n := 1; ; n++ {
		fs := &fsx.FS{}
		dir, l := logWithASecret(t, fs, true)
		head, steps := l.Head(), 0
		fs.Fault = func(op, path string) error {
			if steps++; steps == n {
				return &fsx.ShortWrite{Bytes: 30, Err: syscall.EIO}
			}
			return nil
		}
		err := l.Erase(2)
		if err == nil {
			if n < 8 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Fatalf("step %d: %v", n, err)
		}
		l.Close()
		fs.Fault = nil
		l = open(t, fs, dir, head)
		if e, err := Read(dir, 2); err == nil && e.Body != nil { // it had not begun: the same call again
			if err := l.Erase(2); err != nil {
				t.Fatal(err)
			}
		}
		if r := verify(t, dir); !r.OK() || r.Redacted != 1 || len(r.Notes) != 0 {
			t.Errorf("step %d: %+v", n, r)
		}
		if bytes.Contains(allBytes(t, dir), []byte("neighbour")) {
			t.Errorf("step %d: the body is still there", n)
		}
	}
}

func TestANoteOfAnErasureThatNamesOtherBytesIsRefused(t *testing.T) {
	for _, note := range []string{
		"x", `{"seq":2,"segment":1,"offset":0,"bytes":60}`, `{"seq":1,"segment":1,"offset":0,"bytes":100000}`,
		`{"seq":1,"segment":1,"offset":0,"bytes":20}`, `{"seq":1,"segment":7,"offset":0,"bytes":60}`, `{"seq":1,"segment":1,"offset":-1,"bytes":60}`, `{"seq":1,"segment":1,"offset":0,"bytes":-60}`,
	} {
		dir, l := logWithASecret(t, &fsx.FS{}, true)
		head := l.Head()
		before := allBytes(t, dir)
		l.Close()
		if err := os.WriteFile(filepath.Join(dir, erasingName), []byte(note), 0o600); err != nil {
			t.Fatal(err)
		}
		var d *fsx.Damage
		if _, err := Open(&fsx.FS{}, dir, head); !errors.As(err, &d) {
			t.Errorf("%s: %v", note, err)
		}
		if err := os.Remove(filepath.Join(dir, erasingName)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(allBytes(t, dir), before) {
			t.Errorf("%s: something was overwritten", note)
		}
	}
}

func TestReadFindsEveryEntryAndSaysWhereThereIsNone(t *testing.T) {
	dir, head, _, _ := signedLog(t)
	for seq := uint64(1); seq <= head.Seq; seq++ {
		e, err := Read(dir, seq)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf(`{"id":"a%d","revision":1}`, seq-1); e.Seq != seq || string(e.Body) != want {
			t.Errorf("entry %d: %q", seq, e.Body)
		}
	}
	for _, seq := range []uint64{0, head.Seq + 1, head.Seq + 100} {
		if _, err := Read(dir, seq); !errors.Is(err, ErrNoEntry) {
			t.Errorf("entry %d: %v", seq, err)
		}
	}
}

func TestAboutFindsTheEntriesThatNameAnAlert(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	l.segmentBytes = 300
	for _, body := range []any{
		map[string]any{"id": "a1", "revision": 1}, map[string]any{"id": "a11", "revision": 1}, "a1", map[string]any{"note": `"id":"a1"`},
		map[string]any{"sink": "x", "id": "a1"}, map[string]any{"id": 1}, map[string]any{"id": "a1", "revision": 2},
	} {
		if _, err := l.Append(noon, []Entry{{Kind: "alert", Body: body}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := About(dir, "a1", 6)
	if err != nil || len(list) != 2 || list[0].Seq != 1 || list[1].Seq != 5 {
		t.Errorf("%+v %v", list, err)
	}
	if list, err = About(dir, "a1", 7); err != nil || len(list) != 3 {
		t.Errorf("%+v %v", list, err)
	}
}
