package evaluate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Truth is one misuse that is known to be in the logs: one line of truth.jsonl.
type Truth struct {
	Typology string    `json:"typology"` // its kind
	Variant  string    `json:"variant"`  // how hard it is to see
	Person   string    `json:"person"`   // staff_id
	First    time.Time `json:"first"`    // event time
	Last     time.Time `json:"last"`     // event time
	Events   []Ref     `json:"events"`
}

// Ref names a record by the identity that its own system gave it.
type Ref struct {
	Dataset  string `json:"dataset"`
	NativeID string `json:"native_id"`
}

// maxTruthLineBytes bounds one misuse; it holds about 100,000 events.
const maxTruthLineBytes = 8 << 20

// ReadTruth reads truth.jsonl. An error says on which line.
func ReadTruth(r io.Reader) ([]Truth, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTruthLineBytes)
	var out []Truth
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		var t Truth
		if err := json.Unmarshal(lines.Bytes(), &t); err != nil {
			return nil, fmt.Errorf("truth, line %d: %w", n, err)
		}
		if t.Typology == "" || t.Person == "" || len(t.Events) == 0 {
			return nil, fmt.Errorf("truth, line %d: typology, person and events are needed", n)
		}
		out = append(out, t)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("truth, line %d: %w", n+1, err)
	}
	return out, nil
}
