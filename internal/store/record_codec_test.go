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

// What is kept in folders was compressed against them: a byte that changes makes all of that unreadable.
func TestTheDictionariesNeverChange(t *testing.T) {
	for name, c := range map[string]struct {
		dictionary []byte
		sum        string
	}{
		"1": {dictionary1, "a63fad9a5e3edcc8cd169049302e9ade0f757f55037942ab6eb7f62b7e1e2fb2"},
		"2": {dictionary2, "5c607a109f37113f0823deab6501bc4adb6dab1e57f2f1a3b49de87fe3069c33"},
	} {
		sum := sha256.Sum256(c.dictionary)
		if got := hex.EncodeToString(sum[:]); got != c.sum {
			t.Errorf("dictionary %s is %s: put a new one beside it, under another number", name, got)
		}
	}
}

func codecOf(t testing.TB) *recordCodec {
	c, err := newRecordCodec()
	must(t, err)
	t.Cleanup(c.close)
	return c
}

func TestAnEventComesBackAsItWas(t *testing.T) {
	codec := codecOf(t)
	rapid.Check(t, func(t *rapid.T) {
		r := quotedOf(rapid.IntRange(0, 255).Draw(t, "n"))
		r.Original = rapid.String().Draw(t, "original")
		k, err := r.Keep()
		if err != nil {
			t.Fatal(err)
		}
		k.Nth = rapid.Uint32().Draw(t, "nth")
		back, err := codec.decode(codec.encode(k), k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(textOf(k), textOf(back)); diff != "" || back.Nth != k.Nth || back.ID != k.ID {
			t.Error(diff)
		}
	})
}

// Versions 1 and 2 kept the JSON of a record, and knew no dictionary.
func TestARecordInJSONIsRead(t *testing.T) {
	back, err := codecOf(t).decode(zstdOf(t, []byte(text(quotedOf(3)))), idOf(3))
	must(t, err)
	if diff := cmp.Diff(textOf(recordOf(3)), textOf(back)); diff != "" {
		t.Error(diff)
	}
}

func FuzzUnpackingARecord(f *testing.F) {
	codec := codecOf(f)
	f.Add(codec.encode(recordOf(1)))
	f.Add(zstdOf(f, []byte(text(quotedOf(3)))))
	f.Fuzz(func(t *testing.T, p []byte) {
		k, err := codec.decode(p, event.ID{})
		if err == nil && len(p) > 0 && k == nil {
			t.Error("neither an event nor an error")
		}
	})
}

func zstdOf(t testing.TB, b []byte) []byte {
	enc, err := zstd.NewWriter(nil)
	must(t, err)
	defer enc.Close()
	return enc.EncodeAll(b, nil)
}
