package daemon

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/notify"
	"probity/internal/route"
	"probity/internal/rule"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

const schemaDialect = "https://json-schema.org/draft/2020-12/schema"

// ConfigSchema returns the JSON Schema of the configuration, for editors that complete and check YAML. What it cannot say
// (that a rule compiles, that a table loads) "probity config check" does.
func ConfigSchema() ([]byte, error) {
	s, err := schemaOf[Config]()
	if err != nil {
		return nil, err
	}
	s.ID, s.Title = "urn:probity.config/1", "Probity configuration"
	s.Properties["sources"].Items.Properties["format"] = formatSchema()
	loosen(s, "") // defaults everywhere; what is needed is said here
	s.Required = []string{"sources", "rules"}
	listenSchema(s.Properties["sources"].Items)
	sink := s.Properties["sinks"].Items
	sink.Required = []string{"name", "type"}
	sink.Properties["type"].Enum = anys(notify.Types())
	sink.Properties["tls"].Enum = []any{"starttls", "implicit", "none"}
	sink.Properties["format"].Enum = []any{"json", "cef", "ocsf"}
	sink.Properties["confirm"].Enum = []any{"close", "none"}
	witness := s.Properties["evidence"].Properties["witness"].Items
	witness.Required, witness.Properties["type"].Enum = sink.Required, anys(witnessTypes)
	delete(witness.Properties, "for") // a witness is told of no alert
	delete(witness.Properties, "severities")
	role := s.Properties["roles"].AdditionalProperties
	role.Properties["rights"].Enum = []any{string(route.Triage), string(route.Read), string(route.Counts)}
	tables := s.Properties["tables"]
	tables.PropertyNames = &jsonschema.Schema{Enum: anys(table.Names())}
	tables.AdditionalProperties.Required = []string{"path"}
	tables.AdditionalProperties.Properties["miss"].Enum = []any{table.MissNo, table.MissUnknown}
	s.Properties["sources"].Items.Properties["fields"].AdditionalProperties.Enum = []any{"string", "int", "bool", "time", "list"}
	return text(s)
}

// RuleSchema returns the JSON Schema of a rule file.
func RuleSchema() ([]byte, error) {
	s, err := schemaOf[rule.Rule]()
	if err != nil {
		return nil, err
	}
	s.ID, s.Title = "urn:probity.rule/1", "Probity rule"
	s.Properties["tests"].Items.Required = []string{"name", "alerts"}
	s.Properties["alert"].Required = []string{"summary"}
	s.Properties["actors"].Items.Enum = []any{"operator", "requestor"}
	s.Properties["status"].Enum = []any{"experimental", "test", "stable"}
	s.Properties["facts"].Items.Properties["speaks"].Enum = []any{"for", "against"}
	for _, p := range s.Properties["correlation"].Properties["condition"].Properties {
		p.Type, p.Types = "", []string{"integer", "string"} // a number, or a parameter's name
	}
	return text(s)
}

func text(s *jsonschema.Schema) ([]byte, error) {
	s.Schema = schemaDialect
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", s.ID, err)
	}
	return append(b, '\n'), nil
}

// schemaOf generates a schema with the short forms that strictyaml reads.
func schemaOf[T any]() (*jsonschema.Schema, error) {
	severities := make([]any, len(alert.Severities))
	for i, s := range alert.Severities {
		severities[i] = string(s)
	}
	duration := &jsonschema.Schema{Type: "string", Pattern: `^(0|[0-9]+[dw]|([0-9.]+(ns|us|µs|ms|s|m|h))+)$`, Examples: []any{"90s", "10m", "24h", "90d", "2w"}}
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[strictyaml.Duration](): duration,
		reflect.TypeFor[strictyaml.Date]():     {Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$`, Examples: []any{"2027-01-31", "2027-01-31T12:00:00Z"}},
		reflect.TypeFor[Addresses]():           {AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}},
		reflect.TypeFor[rule.StringList]():     {AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "array", Items: &jsonschema.Schema{Type: "string"}}}},
		reflect.TypeFor[alert.Severity]():      {Type: "string", Enum: severities},
	}})
	if err != nil {
		return nil, fmt.Errorf("generating a schema: %w", err)
	}
	withoutNull(s)
	return s, nil
}

// listenSchema accepts paths or listen, and stdin as the short form of the latter.
func listenSchema(s *jsonschema.Schema) {
	s.Required = []string{"name", "format"}
	s.OneOf = []*jsonschema.Schema{{Required: []string{"paths"}}, {Required: []string{"listen"}}}
	long := s.Properties["listen"]
	stdin := any("stdin")
	s.Properties["listen"] = &jsonschema.Schema{Description: long.Description, AnyOf: []*jsonschema.Schema{{Const: &stdin}, long}}
	long.Description = ""
}

// formatSchema accepts a name or a mapping. The mapping's own grammar is recursive and checked by package decode.
func formatSchema() *jsonschema.Schema {
	mapping := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, f := range strictyaml.Fields(reflect.TypeFor[decode.Format]()) {
		mapping.Properties[f.Key] = &jsonschema.Schema{}
	}
	return &jsonschema.Schema{
		Description: "a built-in format (" + quoted(decode.BuiltinNames()) + "), a name under formats, file:PATH, or the mapping itself",
		AnyOf:       []*jsonschema.Schema{{Type: "string"}, mapping},
	}
}

// withoutNull takes back that a list or mapping may be null: an empty value in YAML is a slip.
func withoutNull(s *jsonschema.Schema) {
	if i := slices.Index(s.Types, "null"); i >= 0 && len(s.Types) == 2 {
		s.Type, s.Types = s.Types[1-i], nil
	}
	for _, p := range s.Properties {
		withoutNull(p)
	}
	for _, sub := range []*jsonschema.Schema{s.Items, s.AdditionalProperties} {
		if sub != nil {
			withoutNull(sub)
		}
	}
}

// loosen makes every key optional and gives the keys of other packages their descriptions.
func loosen(s *jsonschema.Schema, path string) {
	s.Required = nil
	for name, p := range s.Properties {
		at := path + "/" + name
		if p.Description == "" {
			p.Description = descriptions()[at]
		}
		loosen(p, at)
	}
	for _, sub := range []*jsonschema.Schema{s.Items, s.AdditionalProperties} {
		if sub != nil {
			loosen(sub, path)
		}
	}
}

// descriptions of the keys whose structs stand in notify and table.
func descriptions() map[string]string {
	all := map[string]string{
		"/tables/path":         "the CSV file that the export writes",
		"/tables/miss":         "what a missing row means: no if the table is a complete list, else unknown",
		"/tables/max_age":      "how long before and after its export an undated table answers, and past which it is stale; 48h unless said",
		"/sinks/name":          "label of its metrics and key of its outbox; do not rename while something waits",
		"/sinks/type":          "file, webhook, html, email, alertmanager or syslog",
		"/sinks/for":           "the roles that read it; needed where roles are configured",
		"/sinks/severities":    "which alerts it gets: those of which a revision has or had one of these; all unless said",
		"/sinks/path":          "file: JSON lines, one alert revision each",
		"/sinks/format":        "file, webhook, syslog: of a body; json, the revision as it is, unless said; ocsf, a Detection Finding; syslog: cef, too",
		"/sinks/url":           "webhook, alertmanager: https, or http to this machine; syslog: tls://host:port, or tcp to this machine",
		"/sinks/urls":          "alertmanager: its instances, in place of url",
		"/sinks/timeout":       "of one attempt; 10s unless said",
		"/sinks/hmac_key_file": "webhook: key of the signature in X-Probity-Signature",
		"/sinks/headers":       "webhook, alertmanager: sent with every request; no secrets",
		"/sinks/header_files":  "webhook, alertmanager: header to file that holds its value",
		"/sinks/ca_file":       "PEM; the only authorities trusted",
		"/sinks/cert_file":     "PEM; shown to the receiver",
		"/sinks/key_file":      "PEM; the certificate's key",
		"/sinks/resend":        "alertmanager: what lasts is told again so often; 1m unless said",
		"/sinks/resolve_after": "alertmanager: an alert ends so long after the end of its period, or after its arrival; 1h unless said",
		"/sinks/names":         "alertmanager: true puts the alert's sentence, which names persons, into the summary",
		"/sinks/runbook":       "alertmanager: address of a page, with {rule} for the rule's id and {reference} for the alert's",
		"/sinks/max_bytes":     "syslog: of a message, 8192 unless said; longer ones leave out what can be looked up",
		"/sinks/confirm":       "syslog: close, unless said: a message has arrived when the receiver ends the connection; none: when it is sent",
	}
	for key, text := range maps.Clone(all) {
		if rest, ok := strings.CutPrefix(key, "/sinks"); ok {
			all["/evidence/witness"+rest] = text
		}
	}
	all["/evidence/witness/name"] = "label of its metrics"
	all["/evidence/witness/path"] = "file: JSON lines, one checkpoint each; on a mount of another machine"
	return all
}

func anys(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}
