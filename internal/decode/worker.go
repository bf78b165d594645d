package decode

import (
	"strings"
	"time"

	"probity/internal/event"
)

// The native fields that decoding itself adds, where something is odd.
const (
	// NativeUncoerced lists the fields whose native text did not read as their type; they are missing.
	NativeUncoerced = "probity.uncoerced"
	// NativeIllegible lists the native fields that are not valid UTF-8. Their texts have \xe9 and the like for such bytes, and
	// the fields that are read from them are missing.
	NativeIllegible = event.NativeIllegible
	// nativeDoubled, behind the decoder's name and a dot, lists names that the record has twice.
	nativeDoubled = "duplicate_keys"
)

// Worker decodes records. It belongs to one goroutine. What it decodes lives on after its next call.
type Worker struct {
	d        *Decoder
	text     arena
	clock    localClock
	days     []dayBefore // by layout
	natives  *natives    // the event's
	outer    *natives    // with a payload: the record's around it
	record   parser
	payload  parser
	json     *jsonParser       // the one that reads the event's native fields, if one does
	lowered  map[string]string // texts in lower case, and as verbs are written: the same few come again and again
	hyphened map[string]string
	list     []string // scratch
	lists    listArena
	joint    []byte // scratch: a time that stands in several fields
	search   search
	oddities []string
	unclear  bool    // something illegible was asked for
	plain    bool    // the record has neither arrays nor objects nor anything illegible
	words    []words // by Decoder.columns
	plans    plans
}

// parser reads one record's text into native fields.
type parser interface {
	parse(n *natives, text string, h *Header) *Reject
}

// NewWorker returns a worker for one goroutine.
func (d *Decoder) NewWorker() *Worker {
	w := &Worker{
		d: d, clock: localClock{zone: d.zone}, days: make([]dayBefore, len(d.layouts)), natives: newNatives(d.refNames),
		lowered: map[string]string{}, hyphened: map[string]string{},
	}
	w.record = w.newParser(d.format.Decoder, false)
	for _, c := range d.columns {
		w.words = append(w.words, words{readings: c.readings})
	}
	last := w.record
	if p := d.format.Payload; p != nil {
		w.outer = newNatives(d.outerNames)
		w.payload = w.newParser(p.Decoder, true)
		last = w.payload
	}
	w.json, _ = last.(*jsonParser)
	return w
}

// newParser returns the parser of records, or of what stands in a field of theirs.
func (w *Worker) newParser(decoder string, payload bool) parser {
	f := w.d.format
	switch decoder {
	case "json":
		return &jsonParser{w: w, flat: flat{text: &w.text}}
	case "csv":
		return &csvParser{text: &w.text, separator: w.d.separator, fixed: w.d.fixed}
	case "delimited":
		return &delimitedParser{
			separator: separatorOf(f.Delimited.Separator), columns: f.Delimited.Columns, trim: f.Delimited.Padded == nil || *f.Delimited.Padded,
		}
	case "logfmt":
		return &logfmtParser{w: w}
	case "regex":
		return &regexParser{re: w.d.regex}
	case "cef":
		return &cefParser{w: w, payload: payload}
	case "leef":
		return &leefParser{payload: payload}
	case "winevent":
		return &winEventParser{w: w}
	}
	if f.Syslog.RFC == 3164 {
		return &syslog3164Parser{w: w}
	}
	return &syslog5424Parser{w: w}
}

// Decode fills ev from rec: Slots, Native, NativeID, Original, Partial, Origin.Source and Origin.Offset; the rest of ev is
// zero. The error is a *Reject; then ev has Original, Partial and Origin, and the other members mean nothing.
func (w *Worker) Decode(rec Record, ev *event.Event) error {
	ev.Renew(w.d.schema, w.d.others)
	ev.Original, ev.Partial = rec.Data, rec.Partial
	ev.Origin.Source, ev.Origin.Offset = w.d.source, rec.Offset
	if rec.Reject != "" {
		return &Reject{rec.Reject, framingDetail[rec.Reject]}
	}
	text, reject := w.recordText(rec.Data)
	if reject == nil {
		w.natives.kept = w.natives.kept[:0]
		w.natives.begin(ev.Native)
		reject = w.parse(text, rec.Header)
		ev.Native = w.natives.pairs
		if reject != nil && w.natives.raw {
			reject = &Reject{ReasonEncoding, "not valid UTF-8, and " + reject.Detail}
		}
	}
	if reject == nil {
		reject = w.fill(ev)
	}
	if reject != nil {
		return reject
	}
	return nil
}

var framingDetail = map[string]string{
	ReasonNUL:     "NUL bytes and nothing else, as holes in files are",
	ReasonTooLong: "a piece of a record that is longer than the limit",
	ReasonQuote:   "a quote that nothing closes before the end of the file",
	ReasonColumns: "a row before any header row that has the columns of the format",
}

func (w *Worker) parse(text string, h *Header) *Reject {
	if w.payload == nil {
		return w.record.parse(w.natives, text, h)
	}
	w.outer.again()
	if reject := w.record.parse(w.outer, text, h); reject != nil {
		return reject
	}
	p := w.d.format.Payload
	for _, name := range p.Keep {
		w.natives.kept = append(w.natives.kept, event.Pair{Name: name, Text: w.outer.text(w.d.outerNames[name])})
	}
	w.natives.again()
	inner := w.outer.text(w.d.outerNames[p.Field])
	if inner == "" {
		return &Reject{ReasonPayload, "nothing in " + p.Field + " of " + quote(text)}
	}
	return w.payload.parse(w.natives, inner, nil)
}

// fill sets the event's fields from the native ones.
func (w *Worker) fill(ev *event.Event) *Reject {
	w.oddities, w.unclear = w.oddities[:0], false
	w.plain = !w.natives.raw && (w.json == nil || w.json.root == nil)
	if reject := w.eventTime(ev); reject != nil {
		return reject
	}
	if dataset := &ev.Slots[event.FieldDataset]; dataset.Str != w.d.dataset {
		*dataset = event.StringValue(w.d.dataset)
	}
	w.sequence(ev)
	if p := w.planned(); p != nil {
		w.follow(p, ev)
	} else {
		for i := range w.d.rules {
			w.rule(&w.d.rules[i], ev)
		}
	}
	ev.NativeID = w.joined(w.d.idRefs, '/')
	if doubled := w.natives.doubled; len(doubled) > 0 {
		ev.Native = append(ev.Native, event.Pair{Name: w.d.format.payloadOf() + "." + nativeDoubled, Text: nameList(doubled)})
	}
	if broken := w.natives.broken; len(broken) > 0 {
		ev.Native = append(ev.Native, event.Pair{Name: NativeIllegible, Text: nameList(broken)})
	}
	if len(w.oddities) > 0 {
		ev.Native = append(ev.Native, event.Pair{Name: NativeUncoerced, Text: strings.Join(w.oddities, ",")})
	}
	return nil
}

// rule sets or empties the slot of a rule's field.
func (w *Worker) rule(r *rule, ev *event.Event) {
	if w.plain && r.choices != nil {
		w.put(&ev.Slots[r.field], r.name, r.kind, w.yield(r.choices))
	} else {
		ev.Slots[r.field] = w.value(r)
	}
}

// Illegible says whether the record that was decoded last has fields that are not valid UTF-8, and so are unknown.
func (w *Worker) Illegible() bool { return len(w.natives.broken) > 0 }

// timeText returns the texts of refs with a space between them, "" if one is missing. It is good until the next call: no event
// keeps it.
func (w *Worker) timeText(refs []int) string {
	if len(refs) == 1 {
		return w.one(refs[0])
	}
	w.joint = w.joint[:0]
	for i, r := range refs {
		text := w.one(r)
		if text == "" {
			return ""
		}
		if i > 0 {
			w.joint = append(w.joint, ' ')
		}
		w.joint = append(w.joint, text...)
	}
	return alias(w.joint)
}

// joined returns the texts of refs with separator between them, "" if one is missing.
func (w *Worker) joined(refs []int, separator byte) string {
	if len(refs) == 1 {
		return w.one(refs[0])
	}
	length := len(refs)
	for _, r := range refs {
		text := w.one(r)
		if text == "" {
			return ""
		}
		length += len(text)
	}
	b := w.text.room(length)
	for i, r := range refs {
		if i > 0 {
			b = append(b, separator)
		}
		b = append(b, w.one(r)...)
	}
	return w.text.keep(b)
}

// The years that event time can hold as nanoseconds in 64 bits, with room for windows on both sides.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func (w *Worker) eventTime(ev *event.Event) *Reject {
	text := ""
	for i := 0; i < len(w.d.timeRefs) && text == ""; i++ {
		text = w.timeText(w.d.timeRefs[i])
	}
	if text == "" && w.unclear {
		return &Reject{ReasonEncoding, "not valid UTF-8 in " + w.d.format.Time.where()}
	}
	if text == "" {
		return &Reject{ReasonTime, "nothing in " + w.d.format.Time.where()}
	}
	ns, doubtful, ok := w.readTime(text)
	if !ok {
		return &Reject{ReasonType, "no time by the format's layouts: " + quote(text)}
	}
	if at := &ev.Slots[event.FieldTime]; at.Kind == event.Time {
		at.Num = ns // no pointers need be written, as putText says
	} else {
		*at = event.TimeValue(ns)
	}
	if ambiguous := &ev.Slots[event.FieldTimeAmbiguous]; doubtful {
		*ambiguous = event.BoolValue(true)
	} else {
		empty(ambiguous)
	}
	return nil
}

// readTime reads a time by the first layout that fits.
func (w *Worker) readTime(text string) (ns int64, doubtful, ok bool) {
	for i := range w.d.layouts {
		l := &w.d.layouts[i]
		c, ok := l.read(text, w.d.zone, w.d.year(), &w.days[i])
		if !ok {
			continue
		}
		seconds := c.seconds
		if seconds < earliest || seconds > latest {
			return 0, false, false
		}
		if !c.zoned {
			seconds, doubtful = w.clock.instant(seconds)
		}
		return seconds*1e9 + c.nanos, doubtful, true
	}
	return 0, false, false
}

func (d *Decoder) year() int { return d.format.Time.Year }

func (w *Worker) sequence(ev *event.Event) {
	s := w.d.sequence
	if s == nil {
		return
	}
	number, scope := "", w.scope(s.scope)
	if scope != "" {
		number = w.one(s.from)
	}
	slot := &ev.Slots[event.FieldSequence]
	if w.put(slot, event.Base[event.FieldSequence].Name, event.Int, number); !slot.Has() {
		scope = ""
	}
	w.put(&ev.Slots[event.FieldSequenceScope], event.Base[event.FieldSequenceScope].Name, event.String, scope)
}

// scope says whose counter it is, "" if the record does not.
func (w *Worker) scope(refs []int) string {
	if len(refs) == 0 {
		return w.d.dataset
	}
	scope := ""
	for i, r := range refs {
		text := w.one(r)
		switch {
		case text == "":
			return ""
		case i == 0:
			scope = text
		default:
			scope += "/" + text
		}
	}
	return scope
}

// nameList joins names; one that is empty is written as "".
func nameList(names []string) string {
	shown := make([]string, len(names))
	for i, n := range names {
		if shown[i] = n; n == "" {
			shown[i] = `""`
		}
	}
	return strings.Join(shown, ",")
}
