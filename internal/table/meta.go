package table

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// header is what the first line, or the sidecar file, says about a table.
type header struct {
	exported time.Time
	from, to stamp // what it covers
	covers   bool  // whether it says so
	rows     int   // -1 if it does not say
}

const headerExample = "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-02"

// parseHeader reads key=value pairs, with or without the comment sign.
func parseHeader(line string) (header, error) {
	h := header{rows: -1}
	seen := map[string]bool{}
	for _, pair := range strings.Fields(strings.TrimLeft(line, "# \t")) {
		name, value, _ := strings.Cut(pair, "=")
		if seen[name] {
			return h, fmt.Errorf("%s stands twice", name)
		}
		seen[name] = true
		if err := h.set(name, value); err != nil {
			return h, err
		}
	}
	if !seen["exported_at"] {
		return h, fmt.Errorf("no exported_at")
	}
	return h, nil
}

func (h *header) set(name, value string) (err error) {
	switch name {
	case "exported_at":
		if h.exported, err = time.Parse(time.RFC3339, value); err != nil {
			return fmt.Errorf("exported_at=%q is not an instant", value)
		}
		if h.exported = h.exported.UTC(); h.exported.Year() < 1970 || h.exported.Year() > 2200 {
			return fmt.Errorf("exported_at=%q is outside 1970 to 2200", value)
		}
	case "covers":
		return h.setCovers(value)
	case "rows":
		if h.rows, err = strconv.Atoi(value); err != nil || h.rows < 0 {
			return fmt.Errorf("rows=%q is not a number of rows", value)
		}
	default:
		return fmt.Errorf("unknown key %q", name)
	}
	return nil
}

func (h *header) setCovers(value string) error {
	from, to, ok := strings.Cut(value, "/")
	var errFrom, errTo error
	h.from, errFrom = parseStamp(from)
	h.to, errTo = parseStamp(to)
	switch {
	case !ok || errFrom != nil || errTo != nil:
		return fmt.Errorf("covers=%q is not two dates or instants with a slash between them", value)
	case h.from.begin(time.UTC) >= h.to.end(time.UTC):
		return fmt.Errorf("covers=%q ends before it begins", value)
	}
	h.covers = true
	return nil
}
