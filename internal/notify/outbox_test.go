package notify

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"probity/internal/alert"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is an outbox that keeps its rows across restarts of everything else.
type memory struct {
	mu       sync.Mutex
	seq      int64
	due      map[string][]alert.Delivery
	marks    map[string]int64
	recorded map[string][]string // keys, by sink, in the order of Delivered
	lasting  map[string][]alert.Delivery
	failures []string // sink, key, reason; permanent ones begin with "!"
	fault    func(op string) error
}

func newMemory() *memory {
	return &memory{due: map[string][]alert.Delivery{}, marks: map[string]int64{}, recorded: map[string][]string{}, lasting: map[string][]alert.Delivery{}}
}

// revision is a delivery of alert id as store would make it.
func revision(id string, n int) alert.Delivery {
	return alert.Delivery{AlertID: id, Revision: n, Body: fmt.Appendf(nil, `{"id":%q,"revision":%d,"marking":"OFFICIAL","summary":"<é>"}`, id, n)}
}

func (m *memory) add(sink string, ds ...alert.Delivery) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range ds {
		m.seq++
		d.Seq, d.Sink = m.seq, sink
		m.due[sink] = append(m.due[sink], d)
	}
}

func (m *memory) point(op string) error {
	if m.fault == nil {
		return nil
	}
	return m.fault(op)
}

func (m *memory) Due(sink string, limit int) ([]alert.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.point("due"); err != nil {
		return nil, err
	}
	rows := m.due[sink]
	return slices.Clone(rows[:min(limit, len(rows))]), nil
}

func (m *memory) Delivered(sink string, mark int64, seqs ...int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.point("delivered"); err != nil {
		return err
	}
	m.due[sink] = slices.DeleteFunc(m.due[sink], func(d alert.Delivery) bool {
		if !slices.Contains(seqs, d.Seq) {
			return false
		}
		m.recorded[sink] = append(m.recorded[sink], d.Key())
		return true
	})
	m.marks[sink] = mark
	return nil
}

func (m *memory) Arrived(sink string, mark int64, seqs ...int64) error {
	m.mu.Lock()
	was := slices.Clone(m.due[sink])
	m.mu.Unlock()
	if err := m.Delivered(sink, mark, seqs...); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range was {
		if slices.Contains(seqs, d.Seq) {
			m.lasting[sink] = slices.DeleteFunc(m.lasting[sink], func(l alert.Delivery) bool { return l.AlertID == d.AlertID })
			d.Arrived = time.Now()
			m.lasting[sink] = append(m.lasting[sink], d)
		}
	}
	return nil
}

func (m *memory) Lasting(sink string) ([]alert.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.lasting[sink]), m.point("lasting")
}

func (m *memory) Ended(sink string, seqs ...int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.point("ended"); err != nil {
		return err
	}
	m.lasting[sink] = slices.DeleteFunc(m.lasting[sink], func(d alert.Delivery) bool { return slices.Contains(seqs, d.Seq) })
	return nil
}

func (m *memory) Failed(sink string, seq int64, reason string, permanent bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.point("failed"); err != nil {
		return err
	}
	i := slices.IndexFunc(m.due[sink], func(d alert.Delivery) bool { return d.Seq == seq })
	if i < 0 {
		return fmt.Errorf("%s: no row %d", sink, seq)
	}
	entry := strings.Join([]string{sink, m.due[sink][i].Key(), reason}, " ")
	m.due[sink][i].Attempts++
	if permanent {
		entry = "!" + entry
		m.due[sink] = slices.Delete(m.due[sink], i, i+1)
	}
	m.failures = append(m.failures, entry)
	return nil
}

func (m *memory) Mark(sink string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[sink], m.point("mark")
}

func (m *memory) outstanding(sink string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.due[sink])
}

func keys(ds []alert.Delivery) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.Key()
	}
	return out
}
