package decode

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"golang.org/x/text/encoding/charmap"

	"probity/internal/event"
)

// defaultMaxRecordBytes bounds a record where Options do not.
const defaultMaxRecordBytes = 1 << 20

// Options are what a Decoder is built from.
type Options struct {
	Source         string // configured source name → Origin.Source
	Dataset        string // overrides the format's dataset if set
	Format         *Format
	Fields         map[string]event.Kind // further typed fields by dotted path; they are in Schema as "fields.<name>"
	Schema         *event.Schema
	MaxRecordBytes int // 0 is 1 MiB
}

// Decoder is a format made ready for one source. It is immutable and shared; framers and workers hold what changes.
type Decoder struct {
	source     string
	dataset    string
	format     *Format
	schema     *event.Schema
	limit      int
	charmap    *charmap.Charmap // nil for UTF-8
	separator  byte             // of csv
	fixed      *Header          // csv without a header row
	regex      *regexp.Regexp
	layouts    []layout
	zone       *time.Location
	lateLocal  time.Duration
	refNames   map[string]int // native names and paths that the format refers to
	paths      []path         // by ref; nil for a plain name
	outerNames map[string]int // with a payload: the fields of the outer record that matter
	timeRefs   [][]int        // the first of these that are all present
	idRefs     []int
	sequence   *sequence
	rules      []rule
	columns    []column      // native fields whose texts are remembered with what rules read in them
	others     []event.Field // that decoding never sets
}

type sequence struct {
	from  int
	scope []int
}

// rule is a field and where its value comes from.
type rule struct {
	field   event.Field
	name    string
	kind    event.Kind
	spec    spec
	choices []choice // the spec laid out; nil if it is not
}

// New builds a decoder. The format must be one that ParseFormat found no problem in.
func New(o Options) (*Decoder, error) {
	if o.Format == nil || o.Schema == nil {
		return nil, fmt.Errorf("decoder of source %q: a format and a schema are needed", o.Source)
	}
	limit := o.MaxRecordBytes
	if limit == 0 {
		limit = defaultMaxRecordBytes
	}
	if limit < 256 {
		return nil, fmt.Errorf("decoder of source %q: records of at most %d bytes are too short to be useful; 256 or more", o.Source, limit)
	}
	dataset := o.Dataset
	if dataset == "" {
		dataset = o.Format.Dataset
	}
	if dataset == "" {
		dataset = o.Source
	}
	d := &Decoder{
		source: o.Source, dataset: dataset, format: o.Format, schema: o.Schema, limit: limit,
		charmap: charmaps[o.Format.Encoding], refNames: map[string]int{}, outerNames: map[string]int{},
	}
	if err := d.compile(o.Fields); err != nil {
		return nil, fmt.Errorf("decoder of source %q, format %q: %w", o.Source, o.Format.Name, err)
	}
	return d, nil
}

func (d *Decoder) compile(fields map[string]event.Kind) error {
	f := d.format
	if err := d.compileTime(); err != nil {
		return err
	}
	if f.CSV != nil {
		d.separator = separatorOf(f.CSV.Separator)
		if !f.CSV.Header {
			d.fixed = fixedHeader(f.CSV.Columns, d.separator)
		}
	}
	if f.Regex != nil {
		re, err := regexp.Compile(f.Regex.Pattern)
		if err != nil {
			return fmt.Errorf("regex: %w", err)
		}
		d.regex = re
	}
	if p := f.Payload; p != nil {
		for _, name := range append([]string{p.Field}, p.Keep...) {
			d.outerNames[name] = len(d.outerNames)
		}
	}
	for _, name := range f.NativeID {
		d.idRefs = append(d.idRefs, d.ref(name))
	}
	if s := f.Sequence; s != nil {
		d.sequence = &sequence{from: d.ref(s.From)}
		for _, name := range s.Scope {
			d.sequence.scope = append(d.sequence.scope, d.ref(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Map)) {
		s, err := d.compileSpec(f.Map[name])
		if err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
		if err := d.addRule(name, s); err != nil {
			return err
		}
	}
	if err := d.compileFields(fields); err != nil {
		return err
	}
	for i := range d.rules { // their specs stay where they are from now on
		d.layOut(&d.rules[i])
	}
	d.others = d.unset()
	return nil
}

func (d *Decoder) compileTime() error {
	t := d.format.Time
	if t == nil {
		return fmt.Errorf("the format does not say where the time is")
	}
	zone, err := loadZone(t.Zone)
	if err != nil {
		return err
	}
	d.zone = zone
	layouts := t.Layouts
	if len(layouts) == 0 {
		layouts = []string{"rfc3339"}
	}
	for _, text := range layouts {
		l := parseLayout(text)
		d.layouts = append(d.layouts, l)
		if !l.zoned && turnsBack(zone) {
			d.lateLocal = time.Hour
		}
	}
	for _, names := range t.alternatives() {
		var refs []int
		for _, name := range names {
			refs = append(refs, d.ref(name))
		}
		d.timeRefs = append(d.timeRefs, refs)
	}
	return nil
}

// compileFields adds the fields that the configuration declares; each is found by its own name.
func (d *Decoder) compileFields(fields map[string]event.Kind) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if namesBody(name) && !d.format.AllowMessageBodies {
			return fmt.Errorf("field %s is the body of a message, which is never ingested; set allow_message_bodies in the format if it must be", name)
		}
		if err := d.addRule(event.NativePrefix+name, spec{from: []int{d.ref(name)}}); err != nil {
			return err
		}
		if kind := d.rules[len(d.rules)-1].kind; kind != fields[name] {
			return fmt.Errorf("field %s is a %s here and a %s in the schema", name, fields[name], kind)
		}
	}
	return nil
}

func (d *Decoder) addRule(name string, s spec) error {
	field, ok := d.schema.Field(name)
	if !ok {
		return fmt.Errorf("the schema has no field %s", name)
	}
	d.rules = append(d.rules, rule{field: field, name: name, kind: d.schema.Info(field).Kind, spec: s})
	return nil
}

// unset are the fields that decoding never sets.
func (d *Decoder) unset() []event.Field {
	sets := map[event.Field]bool{}
	for _, f := range []event.Field{event.FieldTime, event.FieldTimeAmbiguous, event.FieldDataset} {
		sets[f] = true
	}
	if d.sequence != nil {
		sets[event.FieldSequence], sets[event.FieldSequenceScope] = true, true
	}
	for i := range d.rules {
		sets[d.rules[i].field] = true
	}
	var out []event.Field
	for i := range d.schema.Len() {
		if f := event.Field(i); !sets[f] {
			out = append(out, f)
		}
	}
	return out
}

// ref returns the index of a native name or path that the format refers to.
func (d *Decoder) ref(name string) int {
	i, ok := d.refNames[name]
	if ok {
		return i
	}
	i = len(d.paths)
	d.refNames[name] = i
	var p path
	if d.format.payloadOf() == "json" {
		if parsed, err := parsePath(name); err == nil && parsed.nested() {
			p = parsed
		}
	}
	d.paths = append(d.paths, p)
	return i
}

// NewFramer returns a framer for one stream.
func (d *Decoder) NewFramer() Framer {
	switch d.format.Framing {
	case "csv":
		f := &csvFramer{limit: d.limit, separator: d.separator, header: d.fixed == nil, head: d.fixed}
		if d.format.Payload != nil {
			f.required = []string{d.format.Payload.Field}
		} else {
			f.required = d.format.Time.From
		}
		return f
	case "json-array":
		return &arrayFramer{limit: d.limit}
	case "winevent":
		return &winEventFramer{limit: d.limit}
	}
	return &lineFramer{limit: d.limit}
}

// LateLocal is how much earlier than it happened an event may seem: one hour if the format reads local time of a zone
// whose clocks are set back, because a time that the clock shows twice is read as its first pass; otherwise none.
func (d *Decoder) LateLocal() time.Duration { return d.lateLocal }
