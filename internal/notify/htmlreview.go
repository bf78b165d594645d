package notify

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"probity/internal/alert"
)

// reviewedAtOnce bounds the pages that are held in memory.
const reviewedAtOnce = 128

func (s *htmlSink) inform(b beside) { s.beside = b }

func idsOf(batch []alert.Delivery) []string {
	ids := make([]string, len(batch))
	for i, d := range batch {
		ids[i] = d.AlertID
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// Review implements reviewing: pages are written again when something else is known beside the revision that they show. Of an
// alert without a page none is written: the role has removed it, or it was never to have one.
func (s *htmlSink) Review(ctx context.Context, ids []string) error {
	if _, err := os.Stat(s.dir); os.IsNotExist(err) {
		return nil // nothing came yet
	}
	if err := s.folder(); err != nil {
		return err
	}
	if err := s.look(); err != nil {
		return err
	}
	if ids == nil {
		ids = slices.Collect(maps.Keys(s.rows))
	}
	slices.Sort(ids)
	for some := range slices.Chunk(ids, reviewedAtOnce) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.rewrite(some); err != nil {
			return err
		}
	}
	return nil
}

func (s *htmlSink) rewrite(ids []string) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, shown := s.rows[id]; return !shown })
	known, pages := s.beside.Backgrounds(s.name, ids), map[string][]byte{}
	for _, id := range ids {
		row := s.rows[id]
		if known[id] == nil || known[id].Mark == row.Told {
			continue
		}
		body, err := s.beside.Body(id, row.Revision)
		if err != nil {
			return fmt.Errorf("reading what a page shows: %w", err)
		}
		a, err := alertOf(alert.Delivery{AlertID: id, Revision: row.Revision, Body: body})
		if err != nil {
			continue // a page of another state folder
		}
		if s.rows[id], pages[pageFile(id)], err = s.page(a, body, known[id]); err != nil {
			s.rows = nil
			return err
		}
	}
	if len(pages) == 0 {
		return nil
	}
	return s.write(pages)
}
