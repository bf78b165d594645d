package source

import (
	"bytes"
	"os"
	"testing"
	"time"
)

func TestACompressedFileStillBeingWrittenIsWaitedFor(t *testing.T) {
	for _, ending := range []string{".gz", ".zst"} {
		whole := compressed(ending, []byte(lines(0, 5000)))
		r := follow(t, "a.log"+ending)
		r.open()
		for _, part := range [][]byte{nil, whole[:len(whole)/3], whole[:len(whole)/2], whole} {
			r.must(os.WriteFile(r.path("a.log"+ending), part, 0o644))
			r.live()
		}
		r.drain()
		r.want(t, lineList(0, 5000))
	}
}

func TestACompressedFileThatIsNeverFinishedIsAGap(t *testing.T) {
	whole := compressed(".gz", []byte(lines(0, 5000)))
	r := follow(t, "a.log.1.gz", "a.log")
	r.write("a.log.1.gz", string(whole[:len(whole)/2]))
	r.open()
	r.live()
	if len(r.gaps) != 0 {
		t.Fatalf("a gap at once: %v", r.gaps)
	}
	r.now = time.Now().Add(time.Hour)
	r.drain()
	read := int64(0)
	for _, rec := range r.got {
		read += int64(len(rec)) + 1
	}
	if len(r.got) < 1000 || len(r.gaps) != 1 || r.gaps[0].Reason != GapIncomplete {
		t.Fatalf("%d records, gaps %+v", len(r.got), r.gaps)
	}
	if from := r.gaps[0].From; from < read-2 || from > read {
		t.Errorf("the gap begins at %d, and %d bytes were read", from, read)
	}
}

func TestADamagedCompressedFileIsAGapAndTheChainGoesOn(t *testing.T) {
	whole := compressed(".gz", bytes.Repeat([]byte(lines(0, 100)), 100))
	whole[len(whole)-6] ^= 1 // the checksum
	r := newRig(t, Options{}, "a.log*")
	r.write("a.log.1.gz", string(whole))
	r.write("a.log.2.gz", "this is not a gzip file")
	r.write("a.log", "last\n")
	r.open()
	r.drain()
	if n := len(r.got); n != 100*100+1 || r.got[n-1] != "last" {
		t.Errorf("%d records", n)
	}
	want := []Gap{
		{Path: r.path("a.log.2.gz"), From: 0, To: -1, Reason: GapCorrupt},
		{Path: r.path("a.log.1.gz"), From: int64(len(lines(0, 100)) * 100), To: -1, Reason: GapCorrupt},
	}
	if len(r.gaps) != 2 || r.gaps[0] != want[0] || r.gaps[1] != want[1] {
		t.Errorf("gaps %+v", r.gaps)
	}
}
