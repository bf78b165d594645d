package pipeline

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"probity/internal/store"
)

func journalled(kindsAndBodies ...string) (out []store.JournalEntry) {
	for i := 0; i < len(kindsAndBodies); i += 2 {
		out = append(out, store.JournalEntry{Seq: int64(i/2 + 1), Kind: kindsAndBodies[i], Body: json.RawMessage(kindsAndBodies[i+1])})
	}
	return out
}

func TestAJournalThatCannotBeRepeatedIsRefusedWithTheReason(t *testing.T) {
	begun := []string{kindStart, `{"at":{},"sources":{"log":"1m"}}`, kindGeneration, `{"at":{},"generation":"g"}`}
	position := map[string]store.StreamState{"log:0": {ID: "log:0", Source: "log", State: []byte(`{"records":3}`)}}
	for name, c := range map[string]struct {
		journal []string
		streams map[string]store.StreamState
		want    string
	}{
		"nothing judged yet":                {nil, nil, "the journal is empty"},
		"an older version's":                {[]string{kindGeneration, `{"generation":"g"}`}, nil, "journal entry 1 (generation): the journal does not say after how many records"},
		"an older version's, in the middle": {append(begun[:4:4], kindIdle, `{"stream":"log:0"}`), nil, "journal entry 3 (idle): the journal does not say after how many records"},
		"a newer version's":                 {append(begun[:4:4], "moon", `{"at":{}}`), nil, "journal entry 3 (moon): this program does not know such decisions"},
		"one that begins in the middle":     {[]string{kindGeneration, `{"at":{},"generation":"g"}`}, nil, "does not begin with a start"},
		"a stream that was never opened":    {begun, position, "stream log:0 has 3 records judged, and the journal does not say when it was opened"},
		"a body that is not what it says":   {append(begun[:4:4], kindOpen, `{"at":{},"streams":[1]}`), nil, "journal entry 3 (open)"},
		"a position that cannot be read":    {begun, map[string]store.StreamState{"x": {State: []byte("{")}}, "stream x: committed position"},
		"counts that are no numbers":        {append(begun[:4:4], kindEnd, `{"at":{"log:0":"many"},"streams":[]}`), nil, "journal entry 3 (end)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPlan(journalled(c.journal...), c.streams)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
			if strings.HasPrefix(name, "an older") && !errors.Is(err, ErrNoCounts) {
				t.Errorf("%v is not ErrNoCounts", err)
			}
		})
	}
}

// A source that the run read must be in the configuration, and streams that are gone are told before anything is judged.
func TestAPlanTellsWhatIsNotThere(t *testing.T) {
	s := newStage(t)
	hash := s.generations[0].Hash
	plan := func(sources string) *Plan {
		p, err := NewPlan(journalled(kindStart, `{"at":{},"sources":`+sources+`}`, kindGeneration, `{"at":{},"generation":"`+hash+`"}`, kindOpen, `{"at":{},"streams":{"log:0":"log"}}`),
			map[string]store.StreamState{"log:0": {ID: "log:0", Source: "log", State: []byte(`{"records":3}`)}})
		must(t, err)
		p.Generation = s.generation
		return p
	}
	l := &logs{lines: map[string][]string{}, ended: map[string]bool{}}
	if err := plan(`{"log":"1m"}`).Read(s.sources(l, nil, true)); err == nil || !strings.Contains(err.Error(), "stream log:0: 3 of the 3 records that were judged are no longer there") {
		t.Errorf("a stream that is gone: %v", err)
	}
	l.lines["log:0"] = []string{"a", "b"}
	for sources, want := range map[string]string{
		`{"log":"1m"}`:             "stream log:0: 1 of the 3 records that were judged are no longer there",
		`{"log":"1m","mail":"1h"}`: "repeating journal entry 1 (start): the run read the source mail, which is not in the configuration any more",
		`{"log":"soon"}`:           "repeating journal entry 1 (start)",
	} {
		p := plan(sources)
		must(t, p.Read(s.sources(l, nil, true)))
		if _, err := s.repeatPlan(p, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
