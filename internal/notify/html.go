package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/page"
)

const indexFile = "index.html"

// htmlSink writes a page for each alert into a folder, and the list of them. A page shows the last revision that came.
type htmlSink struct {
	name, dir string
	group     int // id; -1: as it is
	zone      *time.Location
	sheet     *page.Sheet
	fs        *fsx.FS
	beside    beside

	rows map[string]page.Row // of the pages in the folder, by alert id
}

func htmlKind() kind {
	return kind{keys: []string{"dir", "group", "template", "zone"}, check: checkHTML, build: newHTMLSink}
}

func checkHTML(c Config) []Flaw {
	var flaws []Flaw
	switch {
	case c.Dir == "":
		flaws = append(flaws, Flaw{"dir", "an html sink needs one", "name the folder that the pages go into"})
	case !filepath.IsAbs(c.Dir):
		flaws = append(flaws, Flaw{"dir", "is relative, and would depend on where the daemon was started", "write it from /"})
	}
	return append(flaws, checkZone(c.Zone)...)
}

func checkZone(name string) []Flaw {
	if _, err := time.LoadLocation(name); err != nil {
		return []Flaw{{"zone", "is no time zone", "write one as Europe/London"}}
	}
	return nil
}

// zoneOf is the zone of local times.
func zoneOf(c Config) (*time.Location, error) {
	if c.Zone == "" {
		return time.LoadLocation(defaultZone)
	}
	return time.LoadLocation(c.Zone)
}

// templateFile reads a force's template; an empty path is none.
func templateFile(key, path string) (page.File, error) {
	if path == "" {
		return page.File{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return page.File{}, fmt.Errorf("%s: %w", key, err)
	}
	return page.File{Name: path, Text: string(text)}, nil
}

func newHTMLSink(c Config, fs *fsx.FS) (Sink, error) {
	s := &htmlSink{name: c.Name, dir: filepath.Clean(c.Dir), fs: fs, beside: nothing{}}
	own, err := templateFile("template", c.Template)
	if err != nil {
		return nil, err
	}
	if s.sheet, err = page.NewSheet(own); err != nil {
		return nil, err
	}
	if s.zone, err = zoneOf(c); err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	s.group, err = groupID(c.Group)
	return s, err
}

// Name implements Sink.
func (s *htmlSink) Name() string { return s.name }

// Deliver writes the pages of the batch, each alert's once, as its last revision has it, and then the list.
func (s *htmlSink) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, mark, err
	}
	if err := s.folder(); err != nil {
		return 0, mark, err
	}
	if err := s.look(); err != nil {
		return 0, mark, err
	}
	pages, done, unfit := s.pages(batch)
	if done == 0 {
		return 0, mark, unfit
	}
	if err := s.write(pages); err != nil {
		return 0, mark, err
	}
	return done, mark, unfit
}

// pages renders what the first done of the batch make of the folder. The error is of batch[done], which can be no page.
func (s *htmlSink) pages(batch []alert.Delivery) (pages map[string][]byte, done int, unfit error) {
	pages = map[string][]byte{}
	known := s.beside.Backgrounds(s.name, idsOf(batch))
	for _, d := range batch {
		a, err := alertOf(d)
		if err != nil {
			return pages, done, err
		}
		// A kill may have come after a newer revision was written: its page stays. The same one is written again, because
		// nobody knows whether its name was durable.
		if s.rows[d.AlertID].Revision <= d.Revision {
			if s.rows[d.AlertID], pages[pageFile(d.AlertID)], err = s.page(a, d.Body, known[d.AlertID]); err != nil {
				return pages, done, err
			}
		}
		done++
	}
	return pages, done, nil
}

// page writes one page and its row.
func (s *htmlSink) page(a *alert.Alert, body []byte, known *alert.Background) (page.Row, []byte, error) {
	row, view := page.RowOf(a, s.zone), page.Of(a, body, s.zone)
	if known != nil {
		view.Tell(known, a.Concerned(), s.zone)
		row.Status, row.Told = string(known.State), known.Mark
	}
	line, err := row.Line()
	if err != nil {
		return row, nil, failure(Refused, "%w", err)
	}
	text, err := s.sheet.Page(view)
	if err != nil {
		return row, nil, failure(Stuck, "the page template does not fit this alert: %w", templateError(err))
	}
	return row, append(line, text...), nil
}

// write makes the pages stand, then the list. If it fails nothing is remembered, and the folder is read anew.
func (s *htmlSink) write(pages map[string][]byte) (err error) {
	defer func() {
		if err != nil {
			s.rows = nil
		}
	}()
	if err := s.fs.WriteFiles(s.dir, pages, filePerm); err != nil {
		return err
	}
	list, err := s.sheet.Index(s.index())
	if err != nil {
		return fmt.Errorf("writing the list of pages: %w", templateError(err))
	}
	index := filepath.Join(s.dir, indexFile)
	if err := s.fs.WriteFile(index, list, filePerm); err != nil {
		return err
	}
	for name := range pages {
		if err := os.Chmod(filepath.Join(s.dir, name), filePerm); err != nil { // whatever the umask took from it
			return err
		}
	}
	return os.Chmod(index, filePerm)
}

func (s *htmlSink) index() page.Index {
	rows := make([]page.Row, 0, len(s.rows))
	for id, r := range s.rows {
		r.ID = id // the file's name, which a link leads to
		rows = append(rows, r)
	}
	return page.NewIndex(rows)
}

// look brings rows in step with the folder: its pages are the only memory of what is in it, and a role may remove some.
func (s *htmlSink) look() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("reading the folder of pages: %w", err)
	}
	rows := make(map[string]page.Row, len(entries))
	for _, e := range entries {
		id, isPage := strings.CutSuffix(e.Name(), ".html")
		if !isPage || e.Name() == indexFile || !e.Type().IsRegular() || !pageID.MatchString(id) {
			continue
		}
		row, known := s.rows[id]
		if !known {
			if row, known, err = readRow(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
		if known {
			rows[id] = row
		}
	}
	s.rows = rows
	return nil
}

func readRow(path string) (page.Row, bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return page.Row{}, false, nil
	}
	if err != nil {
		return page.Row{}, false, fmt.Errorf("reading a page: %w", err)
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, page.MaxLineBytes))
	if err != nil {
		return page.Row{}, false, fmt.Errorf("reading a page: %w", err)
	}
	row, ok := page.ReadRow(head)
	return row, ok, nil
}

// pageID is what an alert's id may be made of for its page to bear it as a name.
var pageID = regexp.MustCompile(`^[a-z0-9]{1,64}$`)

func pageFile(id string) string { return id + ".html" }

// alertOf reads the revision of a delivery, and refuses what cannot be one. Errors of JSON quote no values of texts.
func alertOf(d alert.Delivery) (*alert.Alert, error) {
	a := &alert.Alert{}
	if err := json.Unmarshal(d.Body, a); err != nil {
		return nil, failure(Refused, "the body is no alert's JSON")
	}
	if a.ID != d.AlertID || a.Revision != d.Revision || !pageID.MatchString(a.ID) || a.ID == "index" {
		return nil, failure(Refused, "the body is not of the revision that it is delivered as")
	}
	return a, nil
}

// templateError says what of a template's error can be told: where it is. The rest may quote the alert.
func templateError(err error) error {
	if place := templatePlace.FindString(err.Error()); place != "" {
		return errors.New(place)
	}
	return errors.New("the template failed")
}

var templatePlace = regexp.MustCompile(`^(html/)?template: ?[^ ]*:\d+(:\d+)?`)
