package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/event"
)

// ocsfSchema is the part of the published schema that testdata/ocsf-1.3.0.json holds.
type ocsfSchema struct {
	Version string
	Class   ocsfShape
	Objects map[string]ocsfShape
}

type ocsfShape struct {
	AtLeastOne []string `json:"at_least_one"`
	Attributes map[string]struct {
		Type        string
		Requirement string
		Array       bool
		Enum        []int64
		Deprecated  bool
	}
}

func publishedOCSF(t testing.TB) *ocsfSchema {
	t.Helper()
	text, err := os.ReadFile("testdata/ocsf-1.3.0.json")
	if err != nil {
		t.Fatal(err)
	}
	var s ocsfSchema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

// check returns what of doc is not as the schema says: what is required and missing, unknown, deprecated, of another type or
// outside its enumeration.
func (s *ocsfSchema) check(body []byte) error {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return err
	}
	return s.object("", s.Class, doc)
}

func (s *ocsfSchema) object(at string, shape ocsfShape, doc map[string]any) error {
	var errs []error
	for name, a := range shape.Attributes {
		v, there := doc[name]
		if !there {
			if a.Requirement == "required" {
				errs = append(errs, fmt.Errorf("%s/%s is required and missing", at, name))
			}
			continue
		}
		if a.Deprecated {
			errs = append(errs, fmt.Errorf("%s/%s is deprecated", at, name))
		}
		values := []any{v}
		if a.Array {
			values, there = v.([]any)
			if !there {
				errs = append(errs, fmt.Errorf("%s/%s is no list", at, name))
			}
		}
		for _, v := range values {
			errs = append(errs, s.value(at+"/"+name, a.Type, a.Enum, v))
		}
	}
	for name := range doc {
		if _, known := shape.Attributes[name]; !known && len(shape.Attributes) > 0 {
			errs = append(errs, fmt.Errorf("%s/%s is not in the schema", at, name))
		}
	}
	if len(shape.AtLeastOne) > 0 && !slices.ContainsFunc(shape.AtLeastOne, func(n string) bool { _, ok := doc[n]; return ok }) {
		errs = append(errs, fmt.Errorf("%s has none of %v", at, shape.AtLeastOne))
	}
	return errors.Join(errs...)
}

func (s *ocsfSchema) value(at, typ string, enum []int64, v any) error {
	if name, ok := strings.CutPrefix(typ, "object:"); ok {
		doc, isObject := v.(map[string]any)
		shape, known := s.Objects[name]
		if !isObject || !known {
			return fmt.Errorf("%s is no object %s that testdata describes", at, name)
		}
		return s.object(at, shape, doc)
	}
	switch typ {
	case "string_t":
		if _, ok := v.(string); !ok {
			return fmt.Errorf("%s is no string", at)
		}
	case "boolean_t":
		if _, ok := v.(bool); !ok {
			return fmt.Errorf("%s is no boolean", at)
		}
	case "integer_t", "long_t":
		n, ok := v.(json.Number)
		i, err := n.Int64()
		switch {
		case !ok || err != nil || typ == "integer_t" && (i > math.MaxInt32 || i < math.MinInt32):
			return fmt.Errorf("%s is no %s", at, typ)
		case len(enum) > 0 && !slices.Contains(enum, i):
			return fmt.Errorf("%s is %d, which is not in the enumeration", at, i)
		}
	case "json_t": // anything
	default:
		return fmt.Errorf("%s is of type %s, which this test does not know", at, typ)
	}
	return nil
}

func TestAnAlertAsADetectionFinding(t *testing.T) {
	var text bytes.Buffer
	for _, a := range []*alert.Alert{sample(1), sample(2), withdrawn(3)} {
		if err := json.Indent(&text, asOCSF(a), "", "  "); err != nil {
			t.Fatal(err)
		}
		text.WriteByte('\n')
	}
	golden(t, "alert.ocsf.json", text.String())
}

func TestEveryFindingIsAsTheSchemaSays(t *testing.T) {
	schema := publishedOCSF(t)
	if schema.Version != ocsfVersion {
		t.Fatalf("the schema is %s, the findings say %s", schema.Version, ocsfVersion)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := sample(rapid.IntRange(1, 1000).Draw(t, "revision"))
		a.Status = rapid.SampledFrom([]alert.Status{alert.Open, alert.Withdrawn}).Draw(t, "status")
		a.Rule.Severity = rapid.SampledFrom(alert.Severities).Draw(t, "severity")
		a.Rule.Title, a.Summary, a.Reason = rapid.String().Draw(t, "title"), rapid.String().Draw(t, "summary"), rapid.String().Draw(t, "reason")
		a.Rule.Type = rapid.SampledFrom([]string{"", "absence"}).Draw(t, "type")
		a.First = time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "first"), 0).UTC()
		if rapid.Bool().Draw(t, "nobody known") {
			a.Person = nil
		}
		switch rapid.IntRange(0, 3).Draw(t, "evidence") {
		case 0:
			a.Evidence, a.EventIDs = nil, nil
		case 1:
			a.Evidence[0].Fields = map[string]any{"user.name": 5}
		case 2:
			a.Evidence = append(a.Evidence, event.Record{Source: "pnc"})
		}
		if rapid.Bool().Draw(t, "bare") {
			a.Facts, a.Measures, a.Expired, a.Unknowns, a.Tables, a.Group, a.Marking = nil, nil, nil, nil, nil, nil, ""
		}
		if err := schema.check(asOCSF(a)); err != nil {
			t.Fatal(err)
		}
	})
}

// The check itself must find what it is for.
func TestTheSchemaRefusesWhatIsNoFinding(t *testing.T) {
	schema := publishedOCSF(t)
	info := func(doc map[string]any) map[string]any { return doc["finding_info"].(map[string]any) }
	for name, spoil := range map[string]func(doc map[string]any){
		"no severity":          func(doc map[string]any) { delete(doc, "severity_id") },
		"no uid":               func(doc map[string]any) { delete(info(doc), "uid") },
		"a severity of 7":      func(doc map[string]any) { doc["severity_id"] = 7 },
		"another class":        func(doc map[string]any) { doc["class_uid"] = 2001 },
		"another type":         func(doc map[string]any) { doc["type_uid"] = 200101 },
		"a time in words":      func(doc map[string]any) { doc["time"] = "now" },
		"an unknown attribute": func(doc map[string]any) { doc["marking"] = "SECRET" },
		"one for a list":       func(doc map[string]any) { info(doc)["types"] = "x" },
		"evidence of nothing":  func(doc map[string]any) { doc["evidences"] = []any{map[string]any{}} },
	} {
		var doc map[string]any
		if err := json.Unmarshal(asOCSF(sample(1)), &doc); err != nil {
			t.Fatal(err)
		}
		spoil(doc)
		body, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		if schema.check(body) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A typist is not the requester: who is written to have acted is the record's account, never the person of the alert.
func TestTheAccountThatActedIsNotGivenThePersonsId(t *testing.T) {
	a := sample(1)
	a.Evidence[0].Fields["user.name"] = "typist"
	var doc struct {
		Evidences []struct{ Actor, User map[string]any }
	}
	if err := json.Unmarshal(asOCSF(a), &doc); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(doc.Evidences[0].Actor, doc.Evidences[0].User); got != "map[user:map[name:typist]] map[full_name:Mara QUILL 4821 (S00042) uid:S00042]" {
		t.Error(got)
	}
}
