package store

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// What is kept in folders was compressed against it: a byte that changes makes all of that unreadable.
func TestTheFirstDictionaryNeverChanges(t *testing.T) {
	sum := sha256.Sum256(dictionary1)
	if got := hex.EncodeToString(sum[:]); got != "1f980278f44685f8c27ddb473e841b429c15793744494ff223c530524b056634" {
		t.Errorf("it is %s: put a new one beside it, under another number", got)
	}
}

func codecOf(t testing.TB) *recordCodec {
	c, err := newRecordCodec()
	must(t, err)
	t.Cleanup(c.close)
	return c
}

func TestARecordComesBackAsItWas(t *testing.T) {
	codec := codecOf(t)
	rapid.Check(t, func(t *rapid.T) {
		r := recordOf(rapid.IntRange(0, 255).Draw(t, "n"))
		r.Original = rapid.String().Draw(t, "original")
		r.SHA256 = rapid.SampledFrom([]string{"", "=", "0011", hashOf(r.Original)}).Draw(t, "hash")
		if r.SHA256 == told {
			r.SHA256 = "" // no hash looks so
		}
		id := idOf(rapid.IntRange(0, 255).Draw(t, "id"))
		packed, err := codec.encode(r, id)
		if err != nil {
			t.Fatal(err)
		}
		back, err := codec.decode(packed, id)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text(r), text(back)); diff != "" {
			t.Error(diff)
		}
	})
}

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Versions 1 and 2 knew no dictionary.
func TestARecordThatWasPackedWithoutADictionaryIsRead(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	must(t, err)
	back, err := codecOf(t).decode(enc.EncodeAll([]byte(text(recordOf(3))), nil), idOf(3))
	must(t, err)
	if diff := cmp.Diff(text(recordOf(3)), text(back)); diff != "" {
		t.Error(diff)
	}
}

func FuzzUnpackingARecord(f *testing.F) {
	codec := codecOf(f)
	packed, err := codec.encode(recordOf(1), idOf(1))
	must(f, err)
	f.Add(packed)
	f.Fuzz(func(t *testing.T, p []byte) {
		r, err := codec.decode(p, event.ID{})
		if err == nil && len(p) > 0 && r == nil {
			t.Error("neither a record nor an error")
		}
	})
}
