package event

import (
	"fmt"
	"slices"
	"strings"
)

// Field is a field's index into Event.Slots.
type Field uint16

// The fields that every schema has, in slot order. Names, kinds and meanings are in Base.
const (
	FieldTime Field = iota
	FieldTimeAmbiguous
	FieldDataset
	FieldAction
	FieldOutcome
	FieldReason
	FieldSequence
	FieldSequenceScope
	FieldOperation
	FieldUserID
	FieldUserName
	FieldRequestorID
	FieldRequestorName
	FieldRequestorText
	FieldHost
	FieldSourceIP
	FieldObjectType
	FieldObjectID
	FieldObjectName
	FieldObjectOwner
	FieldObjectRestricted
	FieldSubjects
	FieldQueryText
	FieldQueryCount
	FieldPurposeRef
	FieldPurposeCode
	FieldPurposeText
	FieldRuleID
	FieldRiskScore
	NumBase
)

// FieldInfo describes one field.
type FieldInfo struct {
	Name string // as rules write it
	Kind Kind
	Doc  string
}

// Base describes the fields that every schema has. ECS names wherever ECS has the field.
var Base = [NumBase]FieldInfo{
	FieldTime:             {"event.time", Time, "when it happened (ECS @timestamp)"},
	FieldTimeAmbiguous:    {"event.time_ambiguous", Bool, "true if local time does not say which of two instants is meant, or names none: the repeated hour in October is read as its first pass, the missing hour in March with the offset before the change"},
	FieldDataset:          {"event.dataset", String, "the system: niche, pnc, storm, crime, m365, or the source's configured dataset"},
	FieldAction:           {"event.action", String, "what was done, normalised by the format's value map: view, search, print, export, create, update, delete, login, logout, acl-change, …"},
	FieldOutcome:          {"event.outcome", String, "success, failure or unknown"},
	FieldReason:           {"event.reason", String, "why it came out so; denied if access control refused it"},
	FieldSequence:         {"event.sequence", Int, "native counter"},
	FieldSequenceScope:    {"event.sequence_scope", String, "whose counter that is, as the format says: a terminal, a server; the dataset where there is one for all"},
	FieldOperation:        {"operation", String, "Data Protection Act 2018 s.62: collection, alteration, consultation, disclosure, combination, erasure; else session, administration"},
	FieldUserID:           {"user.id", String, "the person who acted, resolved by the people table; dataset:account where no person is known"},
	FieldUserName:         {"user.name", String, "the acting account as the log writes it"},
	FieldRequestorID:      {"requestor.id", String, "the person for whom it was done, resolved like user.id"},
	FieldRequestorName:    {"requestor.name", String, "the requester's account or collar number as the log writes it"},
	FieldRequestorText:    {"requestor.text", String, "the whole text that says who asked, why and where"},
	FieldHost:             {"host.name", String, "workstation, terminal or position"},
	FieldSourceIP:         {"source.ip", String, "client address, without its port"},
	FieldObjectType:       {"object.type", String, "person, vehicle, address, occurrence, incident, crime, document, task, file, mailbox, account"},
	FieldObjectID:         {"object.id", String, "the record's reference"},
	FieldObjectName:       {"object.name", String, "the record's label"},
	FieldObjectOwner:      {"object.owner", String, "who owns the record: an officer in the case, a mailbox owner"},
	FieldObjectRestricted: {"object.restricted", Bool, "access to the record is restricted"},
	FieldSubjects:         {"subject.ids", List, "the people that the record is about, where the log says so"},
	FieldQueryText:        {"query.text", String, "what was searched"},
	FieldQueryCount:       {"query.count", Int, "how many rows came back"},
	FieldPurposeRef:       {"purpose.ref", String, "linked incident or occurrence"},
	FieldPurposeCode:      {"purpose.code", String, "reason code"},
	FieldPurposeText:      {"purpose.text", String, "reason as free text"},
	FieldRuleID:           {"rule.id", String, "of an alert (event.dataset probity): the rule that raised it"},
	FieldRiskScore:        {"event.risk_score", Int, "of an alert: the points of its rule"},
}

// NativePrefix begins the name of a native field in rules: fields.CommandLine.
const NativePrefix = "fields."

// Schema says which fields and lookups conditions may name. It is built once for a generation and then only read.
type Schema struct {
	fields  []FieldInfo
	byName  map[string]Field
	lookups map[string]*Lookup
}

// NewSchema returns a schema of the base fields and the declared native ones, whose names carry no prefix
// ("CommandLine", "ExtendedProperties.Name"). Two kinds for one name are an error.
func NewSchema(declared ...FieldInfo) (*Schema, error) {
	s := &Schema{byName: map[string]Field{}, lookups: map[string]*Lookup{}}
	for _, f := range Base {
		s.add(f)
	}
	for _, f := range declared {
		f.Name = NativePrefix + f.Name
		if have, ok := s.byName[f.Name]; ok {
			if k := s.fields[have].Kind; k != f.Kind {
				return nil, fmt.Errorf("field %s is declared both as %s and as %s; give it one type", f.Name, k, f.Kind)
			}
			continue
		}
		s.add(f)
	}
	return s, nil
}

func (s *Schema) add(f FieldInfo) {
	s.byName[f.Name] = Field(len(s.fields))
	s.fields = append(s.fields, f)
}

// Len is the number of slots of an event of this schema.
func (s *Schema) Len() int { return len(s.fields) }

// Field returns the field of that name as rules write it.
func (s *Schema) Field(name string) (Field, bool) {
	f, ok := s.byName[name]
	return f, ok
}

// Info describes field f.
func (s *Schema) Info(f Field) FieldInfo { return s.fields[f] }

// Fields lists all fields in slot order.
func (s *Schema) Fields() []FieldInfo { return slices.Clone(s.fields) }

// Declared lists the native fields that were declared with a type.
func (s *Schema) Declared() []FieldInfo { return slices.Clone(s.fields[NumBase:]) }

// IsNative reports whether name is that of a native field, declared or not.
func IsNative(name string) bool { return strings.HasPrefix(name, NativePrefix) }

// Unknown says why a lookup has no answer.
type Unknown uint8

const (
	// Known: there is an answer.
	Known Unknown = iota
	// UnknownField: an argument or a column is empty; no newer table decides it.
	UnknownField
	// UnknownTable: the table does not say; a newer one may.
	UnknownTable
)

// LookupFunc answers for known arguments as of event time at (nanoseconds UTC). It is safe for concurrent use and reads
// no clock. The value is Missing exactly when the second result is not Known.
type LookupFunc func(args []Value, at int64) (Value, Unknown)

// Lookup is a function that conditions may call: a question to a lookup table.
type Lookup struct {
	Name    string
	Params  []Param
	Result  Kind            // Missing if a column must be chosen: person(actor.id).role
	Columns map[string]Kind // when a column must be chosen
	Tables  []string        // the tables that it reads
	Doc     string
	// Find returns the Place of a text that is the argument for a placed parameter. All lookups of one schema that have it find
	// alike, so that whoever asks several of them about one text may look for it once and put its place into the arguments. It
	// is safe for concurrent use; nil in a schema that only checks.
	Find func(text string) Place
	// Bind returns the function for a column ("" where none is chosen). It is nil in a schema that only checks.
	Bind func(column string) LookupFunc
}

// Param is one parameter of a lookup.
type Param struct {
	Name   string
	Kind   Kind
	Placed bool // a text that the tables are keyed by: see Lookup.Find
}

// AddLookups makes lookups known to conditions; a later one replaces an earlier one of the same name.
func (s *Schema) AddLookups(ls ...Lookup) {
	for _, l := range ls {
		s.lookups[l.Name] = &l
	}
}

// WithLookups returns a schema of the same fields, numbered alike, that has these lookups and no others.
func (s *Schema) WithLookups(ls ...Lookup) *Schema {
	other := &Schema{fields: s.fields, byName: s.byName, lookups: map[string]*Lookup{}}
	other.AddLookups(ls...)
	return other
}

// Lookup returns the lookup of that name.
func (s *Schema) Lookup(name string) (*Lookup, bool) {
	l, ok := s.lookups[name]
	return l, ok
}

// Lookups lists all lookups by name.
func (s *Schema) Lookups() []*Lookup {
	out := make([]*Lookup, 0, len(s.lookups))
	for _, l := range s.lookups {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *Lookup) int { return strings.Compare(a.Name, b.Name) })
	return out
}
