package decode

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// What a format may say.
var (
	encodings = []string{"", "utf-8", "latin-1", "windows-1252"}
	framings  = []string{"", "lines", "csv", "json-array", "winevent"}
	decoders  = []string{"json", "csv", "delimited", "logfmt", "syslog", "regex", "cef", "leef", "winevent"}
	foldings  = []string{"", "host", "lower", "hyphens"}
	otherwise = []string{"", "keep", "lower", "hyphens", "missing"}
)

// elsewhere are the fields that a map may not set, and what sets them.
var elsewhere = map[string]string{
	"event.time":           "say where it is under time",
	"event.time_ambiguous": "decoding sets it from the time zone",
	"event.dataset":        "write it as dataset",
	"event.sequence":       "say where it is under sequence",
	"event.sequence_scope": "say whose counter it is under sequence: scope",
	"user.id":              "map user.name; the people table says who that is",
	"requestor.id":         "map requestor.name; the people table says who that is",
}

// ParseFormat reads a format and returns everything that is wrong with it. The format is nil if there are problems.
func ParseFormat(file string, src []byte) (*Format, strictyaml.Problems) {
	var f Format
	doc, problems := strictyaml.Decode(file, src, &f)
	c := checker{f: &f, doc: doc}
	if len(problems) == 0 {
		c.format()
		problems = c.problems
		problems.Sort()
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return &f, nil
}

type checker struct {
	f        *Format
	doc      *strictyaml.Doc
	problems strictyaml.Problems
}

func (c *checker) problem(path, what, do string) {
	c.problems = append(c.problems, c.doc.Problem(path, what, do))
}

func (c *checker) oneOf(path, have string, known []string) {
	if !slices.Contains(known, have) {
		c.problem(path, fmt.Sprintf("unknown value %q", have), "one of "+strings.TrimPrefix(strings.Join(known, ", "), ", "))
	}
}

func (c *checker) format() {
	if c.f.Name == "" {
		c.problem("name", "the format has no name", "add name:")
	}
	c.oneOf("encoding", c.f.Encoding, encodings)
	c.oneOf("framing", c.f.Framing, framings)
	c.oneOf("decoder", c.f.Decoder, decoders)
	if (c.f.Framing == "csv") && c.f.Decoder != "csv" {
		c.problem("framing", "csv framing needs the csv decoder", "write decoder: csv, or framing: lines")
	}
	if c.f.Framing == "json-array" && c.f.Decoder != "json" {
		c.problem("framing", "json-array framing needs the json decoder", "write decoder: json, or framing: lines")
	}
	if c.f.Framing == "winevent" && c.f.Decoder != "winevent" {
		c.problem("framing", "winevent framing needs the winevent decoder", "write decoder: winevent, or framing: lines")
	}
	c.payload()
	c.sections()
	c.time()
	c.names("native_id", c.f.NativeID)
	if s := c.f.Sequence; s != nil {
		c.names("sequence.from", Names{s.From})
		c.names("sequence.scope", s.Scope)
	}
	for _, name := range slices.Sorted(maps.Keys(c.f.Map)) {
		c.field(name)
	}
}

func (c *checker) payload() {
	p := c.f.Payload
	if p == nil {
		return
	}
	c.oneOf("payload.decoder", p.Decoder, decoders)
	if p.Field == "" {
		c.problem("payload", "the payload has no field", "add field: with the name of the field that holds it")
	}
	if p.Decoder == c.f.Decoder {
		c.problem("payload.decoder", "the payload has the decoder of the record around it", "use another")
	}
	outer := c.columns(c.f.Decoder)
	for _, name := range append([]string{p.Field}, p.Keep...) {
		if len(outer) > 0 && name != "" && !slices.Contains(outer, name) {
			c.problem("payload", fmt.Sprintf("the record has no field %q", name), "it has "+strings.Join(outer, ", "))
		}
	}
}

// uses reports whether the record or its payload has that decoder.
func (c *checker) uses(decoder string) bool {
	return c.f.Decoder == decoder || c.f.Payload != nil && c.f.Payload.Decoder == decoder
}

// sections checks that the decoders in use, and no others, are described.
func (c *checker) sections() {
	for _, s := range []struct {
		decoder string
		present bool
		check   func()
	}{
		{"csv", c.f.CSV != nil, c.csv}, {"delimited", c.f.Delimited != nil, c.delimited},
		{"regex", c.f.Regex != nil, c.regex}, {"syslog", c.f.Syslog != nil, c.syslog},
	} {
		switch {
		case s.present && !c.uses(s.decoder):
			c.problem(s.decoder, fmt.Sprintf("nothing here uses the %s decoder", s.decoder), "remove the section")
		case s.present:
			s.check()
		case c.uses(s.decoder):
			c.problem("decoder", fmt.Sprintf("the %s decoder needs to be described", s.decoder), fmt.Sprintf("add a section %s:", s.decoder))
		}
	}
}

func (c *checker) csv() {
	s := c.f.CSV
	if s.Separator != "" {
		c.separator("csv.separator", s.Separator)
	}
	c.distinct("csv.columns", s.Columns)
	switch {
	case s.Header && len(s.Columns) > 0:
		c.problem("csv.columns", "columns beside a header row", "remove one of the two; the header row names the columns")
	case !s.Header && len(s.Columns) == 0:
		c.problem("csv", "neither a header row nor columns", "write header: true or columns: [...]")
	case s.Header && c.f.Framing != "csv":
		c.problem("csv.header", "a header row is known to csv framing only", "write framing: csv, or columns: [...]")
	}
}

func (c *checker) delimited() {
	c.separator("delimited.separator", c.f.Delimited.Separator)
	if len(c.f.Delimited.Columns) == 0 {
		c.problem("delimited", "no columns", "write columns: [...]")
	}
	c.distinct("delimited.columns", c.f.Delimited.Columns)
}

func (c *checker) regex() {
	re, err := regexp.Compile(c.f.Regex.Pattern)
	if err != nil {
		c.problem("regex.pattern", err.Error(), "write it as RE2")
		return
	}
	if !slices.ContainsFunc(re.SubexpNames(), func(name string) bool { return name != "" }) {
		c.problem("regex.pattern", "no named group", "name the fields as in (?P<user>\\S+)")
	}
}

func (c *checker) syslog() {
	if rfc := c.f.Syslog.RFC; rfc != 5424 && rfc != 3164 {
		c.problem("syslog.rfc", fmt.Sprintf("unknown value %q", strconv.Itoa(rfc)), "5424 or 3164")
	}
}

func (c *checker) separator(path, s string) {
	if len(s) != 1 || s[0] >= 0x7f || s[0] < ' ' && s[0] != '\t' || s == `"` {
		c.problem(path, fmt.Sprintf("the separator %q is not one ASCII character other than a quote", s), `write it as "|" or "\t"`)
	}
}

func (c *checker) distinct(path string, columns []string) {
	for i, name := range columns {
		if at := path + "." + strconv.Itoa(i); name == "" || slices.Contains(columns[:i], name) {
			c.problem(at, fmt.Sprintf("column %q is without a name or stands twice", name), "give every column a name of its own")
		}
	}
}

func (c *checker) time() {
	t := c.f.Time
	if t == nil {
		c.problem("", "the format does not say where the time is", "add time: {from: …, layouts: [...]}")
		return
	}
	switch {
	case len(t.From) == 0 && len(t.First) == 0:
		c.problem("time", "no field to read the time from", "add from:")
	case len(t.From) > 0 && len(t.First) > 0:
		c.problem("time.first", "both from and first", "write one of them")
	case len(t.First) > 0 && c.f.Framing == "csv" && c.f.Payload == nil:
		c.problem("time.first", "a header row is known by the columns of the time, so there is no choice of them", "write from:")
	}
	c.names("time.from", t.From)
	for i, names := range t.First {
		at := "time.first." + strconv.Itoa(i)
		if len(names) == 0 {
			c.problem(at, "a list without fields", "name at least one")
		}
		c.names(at, names)
	}
	if _, err := loadZone(t.Zone); err != nil {
		c.problem("time.zone", err.Error(), "write a name of the zone database, as Europe/London")
	}
	stamp := false
	for i, text := range t.Layouts {
		l := parseLayout(text)
		stamp = stamp || l.kind == layoutStamp
		if l.kind == layoutGo && !readsItself(l.text) {
			c.problem("time.layouts."+strconv.Itoa(i), fmt.Sprintf("%q is no layout with a year, a month, a day and a time", text),
				"write how 2 January 2006, 15:04:05 would look, or rfc3339, unix, unix_ms or stamp")
		}
	}
	switch {
	case stamp && (t.Year < 1970 || t.Year > 2199):
		c.problem("time", "the layout stamp has no year", "add year:, or have the log written with RFC 3339 times")
	case !stamp && t.Year != 0:
		c.problem("time.year", "only the layout stamp lacks the year", "remove it")
	}
}

// readsItself reports whether a layout keeps an instant to the minute.
func readsItself(text string) bool {
	at := time.Date(2033, 11, 27, 22, 46, 0, 0, time.UTC)
	back, err := time.Parse(text, at.Format(text))
	return err == nil && back.Equal(at)
}

// columns returns the native fields that a decoder gives, none if only the log knows.
func (c *checker) columns(decoder string) []string {
	switch {
	case decoder == "csv" && c.f.CSV != nil && !c.f.CSV.Header:
		return c.f.CSV.Columns
	case decoder == "delimited" && c.f.Delimited != nil:
		return c.f.Delimited.Columns
	case decoder == "regex" && c.f.Regex != nil:
		if re, err := regexp.Compile(c.f.Regex.Pattern); err == nil {
			return slices.DeleteFunc(slices.Clone(re.SubexpNames()), func(name string) bool { return name == "" })
		}
	}
	return nil
}

// names checks that native fields can exist.
func (c *checker) names(at string, names []string) {
	known := c.columns(c.f.payloadOf())
	for _, name := range names {
		_, err := parsePath(name)
		switch {
		case name == "":
			c.problem(at, "an empty name", "write the name of a native field")
		case c.f.payloadOf() == "json" && err != nil:
			c.problem(at, err.Error(), "write it as Item.Id or Parameters[Name=ForwardTo].Value")
		case len(known) > 0 && !slices.Contains(known, name) && (c.f.Payload == nil || !slices.Contains(c.f.Payload.Keep, name)):
			c.problem(at, fmt.Sprintf("the record has no field %q", name), "it has "+strings.Join(known, ", "))
		}
	}
}

func (c *checker) field(name string) {
	path := "map." + name
	i := slices.IndexFunc(event.Base[:], func(f event.FieldInfo) bool { return f.Name == name })
	switch {
	case elsewhere[name] != "":
		c.problem(path, name+" is not mapped", elsewhere[name])
	case event.IsNative(name):
		c.problem(path, name+" is a native field", "declare it under fields in the source's configuration")
	case i < 0:
		c.problem(path, fmt.Sprintf("there is no field %s", name), "the fields are listed in internal/event/schema.go")
	default:
		c.spec(path, c.f.Map[name], event.Base[i].Kind)
	}
}
