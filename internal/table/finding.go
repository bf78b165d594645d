package table

import "time"

// maxFindingLines is how many lines one finding lists.
const maxFindingLines = 20

// Finding is a fault of a table that does not stop it: what it touches is read as unknown. It names lines, no persons.
type Finding struct {
	Table string `json:"table"`
	File  string `json:"file"`
	What  string `json:"what"`
	Do    string `json:"do"`
	Lines []int  `json:"lines,omitempty"` // the first of them, from 1
	Count int    `json:"count"`           // how many
}

// Findings lists the faults of the tables in force, by table in the order of Names.
func (s *Set) Findings() []Finding {
	out := make([]Finding, len(s.findings))
	for i, f := range s.findings {
		f.Lines = append([]int(nil), f.Lines...)
		out[i] = f
	}
	return out
}

// notes gathers the findings of one table, one for each kind of fault.
type notes struct {
	table *Table
	found []Finding
}

// add notes a fault of rows.
func (n *notes) add(what, do string, rows ...int32) {
	at := -1
	for i := range n.found {
		if n.found[i].What == what {
			at = i
		}
	}
	if at < 0 {
		at = len(n.found)
		n.found = append(n.found, Finding{Table: n.table.name, File: n.table.file, What: what, Do: do})
	}
	f := &n.found[at]
	for _, row := range rows {
		f.Count++
		if len(f.Lines) < maxFindingLines {
			f.Lines = append(f.Lines, int(n.table.lines[row]))
		}
	}
}

// claim notes a declared span by which a row that was entered after the export, and is therefore missing, is taken for a
// no. Of these tables a no speaks against somebody; of the others it does not, or, as in a roster, the rows are a plan.
func (n *notes) claim(sc scope) {
	t := n.table
	if t.name != Assignments && t.name != Links || !sc.complete || sc.covers.to <= t.header.exported.UnixNano() {
		return
	}
	n.found = append(n.found, Finding{
		Table: t.name, File: t.file, Count: 1,
		What: "covers ends after exported_at although a miss means no: whoever was assigned since then looks unassigned",
		Do:   "end covers at exported_at (" + t.header.exported.Format(time.RFC3339) + ") or set miss: unknown",
	})
}

func (n *notes) list() []Finding { return n.found }
