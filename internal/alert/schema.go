package alert

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"probity/internal/event"
)

// Schema returns the JSON Schema (2020-12) of an alert revision, the text of alert.schema.json. It is generated from Alert,
// so that neither can say what the other does not. It is open: a reader ignores the properties it does not know, because
// adding one does not change SchemaVersion.
func Schema() ([]byte, error) {
	root, err := jsonschema.For[Alert](&jsonschema.ForOptions{TypeSchemas: typeSchemas()})
	if err != nil {
		return nil, fmt.Errorf("schema of an alert: %w", err)
	}
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.ID = "urn:" + SchemaVersion
	root.Title = "Probity alert"
	root.Description = "One revision of an alert. It names persons: handle it under its marking. " +
		"Under one id and revision the document never changes. Ignore properties that you do not know."
	if err := describe("", root, descriptions()); err != nil {
		return nil, err
	}
	constrain(root)
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema of an alert: %w", err)
	}
	return append(text, '\n'), nil
}

// typeSchemas gives the schema of the types whose JSON form reflection cannot see.
func typeSchemas() map[reflect.Type]*jsonschema.Schema {
	severities := make([]any, len(Severities))
	for i, s := range Severities {
		severities[i] = string(s)
	}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Time](): {Type: "string", Format: "date-time"},
		reflect.TypeFor[Severity]():  {Type: "string", Enum: severities},
		reflect.TypeFor[Status]():    {Type: "string", Enum: []any{string(Open), string(Withdrawn)}},
		reflect.TypeFor[event.Pair](): {
			Type:     "array",
			Items:    &jsonschema.Schema{Type: "string"},
			MinItems: jsonschema.Ptr(2),
			MaxItems: jsonschema.Ptr(2),
		},
	}
}

// constrain adds what a Go type cannot say.
func constrain(root *jsonschema.Schema) {
	p := root.Properties
	p["schema"].Const = jsonschema.Ptr[any](SchemaVersion)
	p["id"].Pattern = "^[a-z2-7]{26}$"
	p["revision"].Minimum = jsonschema.Ptr(1.0)
	p["count"].Minimum = jsonschema.Ptr(0.0)
	p["facts"].Items.Properties["speaks"].Enum = []any{"for", "against"}
	record := p["evidence"].Items.Properties
	record["sha256"].Pattern = "^[0-9a-f]{64}$"
	record["fields"].AdditionalProperties = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "string"},
		{Type: "integer"},
		{Type: "boolean"},
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}},
	}}
}

// describe walks s, whose place in the alert is path, gives each property that has no description its own, and opens the
// objects for properties of later releases. A property that nobody described is an error.
func describe(path string, s *jsonschema.Schema, texts map[string]string) error {
	if s.Items != nil {
		if err := describe(path, s.Items, texts); err != nil {
			return err
		}
	}
	if s.Properties == nil {
		return nil
	}
	s.AdditionalProperties = nil
	for name, property := range s.Properties {
		at := path + "/" + name
		if property.Description == "" {
			property.Description = texts[at]
		}
		if property.Description == "" {
			return fmt.Errorf("schema of an alert: %s has no description", at)
		}
		// What is left out when empty is never null; a list that is always there can be.
		if !slices.Contains(s.Required, name) && len(property.Types) == 2 {
			property.Type, property.Types = property.Types[1], nil
		}
		if err := describe(at, property, texts); err != nil {
			return err
		}
	}
	return nil
}

// descriptions of the properties whose Go fields have no jsonschema tag: the plain ones, and those of event.Record, which
// is a type of its own before it is part of an alert.
func descriptions() map[string]string {
	return map[string]string{
		"/rule":                    "the rule that fired, as it stood",
		"/rule/id":                 "the rule's id, also the name of its file",
		"/rule/version":            "raised when the rule's meaning changes",
		"/rule/title":              "what the rule finds, in a few words",
		"/rule/severity":           "how bad it is if it is misuse",
		"/rule/proportionality":    "why monitoring this is necessary and proportionate",
		"/rule/false_positives":    "lawful work that looks like this",
		"/group/field":             "name of the event field",
		"/group/value":             "its value; may identify a person",
		"/period":                  "the span of event time whose hits are this alert, from start up to but without end",
		"/period/start":            "UTC",
		"/period/end":              "UTC",
		"/facts/say":               "the statement",
		"/facts/true":              "events for which it held",
		"/facts/false":             "events for which it did not hold",
		"/facts/unknown":           "events for which it could not be known",
		"/tables/name":             "the table",
		"/tables/exported_at":      "when the table's system exported it",
		"/tables/sha256":           "SHA-256 of the table's bytes, hex",
		"/evidence/id":             "the event's identity, hex",
		"/evidence/@timestamp":     "event time, UTC",
		"/evidence/event.ingested": "when Probity read it, UTC; no rule sees it",
		"/evidence/source":         "configured name of the source",
		"/evidence/native_id":      "the id that the audited system gave the record",
		"/evidence/nth":            "which of several identical records this is, from 0, where the format has no native id",
		"/evidence/log.file.path":  "the file it was read from",
		"/evidence/log.offset":     "where its bytes begin in that file, uncompressed",
		"/evidence/sha256":         "SHA-256 of the record's exact bytes, hex",
		"/evidence/event.original": "the record's exact bytes, without the line ending",
		"/evidence/base64":         "true if event.original is base64, because the bytes are not UTF-8",
		"/evidence/partial":        "true if the file ended within this record's line",
		"/evidence/fields":         "the decoded fields, ECS name to value",
		"/evidence/native":         "every field of the record by its own name, in the log's order",
	}
}
