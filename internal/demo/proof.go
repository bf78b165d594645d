package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/store"
)

// proof is what lies in the folder once the daemon has stopped, looked at from outside.
type proof struct {
	delivered []*alert.Alert // every revision in the alert file, in order
	committed int            // alerts in the state folder
	entries   uint64         // of the evidence chain
	faults    []error        // what does not agree
}

func (p *proof) fault(format string, args ...any) {
	p.faults = append(p.faults, fmt.Errorf(format, args...))
}

// prove reads the alert file, the state folder and the evidence, and compares them with one another and with what was
// printed. Its error is about reading; what does not agree is a fault.
func (s *show) prove() (*proof, error) {
	p := &proof{}
	var err error
	if p.delivered, err = readAlerts(s.folder.alerts()); err != nil {
		return nil, err
	}
	st, err := store.Open(store.Options{Dir: s.folder.state(), Sinks: []string{fileSinkName, printerName}})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	waiting, err := st.Outstanding()
	if err != nil {
		return nil, err
	}
	for _, sink := range slices.Sorted(maps.Keys(waiting)) {
		if w := waiting[sink]; w.Count+w.Failed > 0 {
			p.fault("sink %s: %d revisions wait, %d were given up", sink, w.Count, w.Failed)
		}
	}
	if err := p.compare(st, s.printer.last); err != nil {
		return nil, err
	}
	chain, err := evidence.Verify(filepath.Join(s.folder.state(), "evidence"))
	if err != nil {
		return nil, err
	}
	if p.entries = chain.Entries; !chain.OK() {
		p.fault("the evidence chain has %d faults", len(chain.Faults)+chain.FaultsLeftOff)
	}
	return p, nil
}

// compare holds that file and screen ended with the last revision of every committed alert, and of no other.
func (p *proof) compare(st *store.Store, printed map[string]int) error {
	last := map[string]*alert.Alert{}
	for _, a := range p.delivered {
		if before := last[a.ID]; before != nil && a.Revision != before.Revision+1 || before == nil && a.Revision != 1 {
			p.fault("alert %s: the file has revision %d out of its order", a.ID, a.Revision)
		}
		last[a.ID] = a
	}
	err := st.EachAlert(func(a *alert.Alert) error {
		p.committed++
		if b := last[a.ID]; b == nil || !bytes.Equal(body(a), body(b)) {
			p.fault("alert %s: the file does not end with revision %d as it was committed", a.ID, a.Revision)
		}
		if printed[a.ID] != a.Revision {
			p.fault("alert %s: revision %d was not printed", a.ID, a.Revision)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(last) != p.committed || len(printed) != p.committed {
		p.fault("%d alerts were committed, %d are in the file, %d were printed", p.committed, len(last), len(printed))
	}
	return nil
}

func body(a *alert.Alert) []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return b
}

// readAlerts reads every revision of an alert file. There is none as long as no alert was delivered.
func readAlerts(path string) ([]*alert.Alert, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	var out []*alert.Alert
	for lines.Scan() {
		a := &alert.Alert{}
		if err := json.Unmarshal(lines.Bytes(), a); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", filepath.Base(path), len(out)+1, err)
		}
		out = append(out, a)
	}
	return out, lines.Err()
}
