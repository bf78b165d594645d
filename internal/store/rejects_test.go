package store

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rejectedAs are the lines of rejects, as what they say the bytes were.
func rejectedAs(t *testing.T, rejects []Reject) (lines []rejectLine, size int, data []byte) {
	t.Helper()
	b, err := encodeRejects(rejects)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		if !rejectIntact(line) {
			t.Errorf("the sum of %.200s is wrong", line)
		}
		var l rejectLine
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
		original := []byte(l.Data)
		if l.Base64 {
			if original, err = base64.StdEncoding.DecodeString(l.Data); err != nil {
				t.Fatal(err)
			}
		}
		data = append(append(data, original...), make([]byte, l.NULs)...)
	}
	return lines, len(b), data
}

func TestAHoleIsDeclaredAndNotWritten(t *testing.T) {
	at := time.Date(2026, 3, 2, 14, 0, 0, 0, time.UTC)
	var rejects []Reject
	var want []byte
	add := func(path string, data []byte) {
		rejects = append(rejects, Reject{Source: "s", Path: path, Offset: int64(len(want)), Reason: "nul", Data: data, At: at})
		want = append(want, data...)
	}
	for range 8 {
		add("a.log", make([]byte, 1<<20))
	}
	add("a.log", []byte("text \x00 and a NUL"))
	add("a.log", make([]byte, 10))
	add("b.log", make([]byte, 20)) // of another file
	add("b.log", []byte("plain"))
	lines, size, data := rejectedAs(t, rejects)
	var nuls []int64
	for _, l := range lines {
		nuls = append(nuls, l.NULs)
	}
	if diff := cmp.Diff([]int64{8 << 20, 0, 10, 20, 0}, nuls); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(want, data) {
		t.Error("the lines do not give the bytes")
	}
	if size > 2000 {
		t.Errorf("%d bytes for 8 MiB of NULs", size)
	}
}

func TestRejectsKeepTheirBytesExactly(t *testing.T) {
	for _, text := range []string{"", "a", "é", "\xe9", "\x00a", "a\x00", "\u2028<&>", "\x01\x7f"} {
		_, _, data := rejectedAs(t, []Reject{{Source: "s", Data: []byte(text)}})
		if string(data) != text {
			t.Errorf("%q came back as %q", text, data)
		}
	}
}
