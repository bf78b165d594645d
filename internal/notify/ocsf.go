package notify

import (
	"encoding/json"
	"path"
	"slices"
	"strconv"

	"probity/internal/alert"
	"probity/internal/event"
)

// The Open Cybersecurity Schema Framework, version 1.3.0: a Detection Finding, class 2004. Only attributes of that version
// are used, all of which later 1.x versions have; what the schema has no place for stands under unmapped, in the alert's own
// words. Why 1.3.0: it is what the SIEMs of 2026 read, and nothing that came later is needed.
const (
	ocsfVersion     = "1.3.0"
	ocsfCategory    = 2
	ocsfClass       = 2004
	ocsfTypeRule    = 1 // analytic.type_id
	ocsfFileRegular = 1 // file.type_id
)

// label is an id of an enumeration, and its caption.
type label struct {
	id      int
	caption string
}

// ocsfState says what this revision does to the finding, and how the finding then stands.
func ocsfState(a *alert.Alert) (activity, status label) {
	switch {
	case a.Status == alert.Withdrawn:
		return label{3, "Close"}, label{4, "Resolved"}
	case a.Revision == 1:
		return label{1, "Create"}, label{1, "New"}
	}
	return label{2, "Update"}, label{1, "New"}
}

func ocsfSeverity(s alert.Severity) label {
	switch s {
	case alert.Low:
		return label{2, "Low"}
	case alert.Medium:
		return label{3, "Medium"}
	case alert.High:
		return label{4, "High"}
	case alert.Critical:
		return label{5, "Critical"}
	}
	return label{99, string(s)}
}

type ocsfFinding struct {
	ActivityID   int            `json:"activity_id"`
	ActivityName string         `json:"activity_name"`
	CategoryUID  int            `json:"category_uid"`
	CategoryName string         `json:"category_name"`
	ClassUID     int            `json:"class_uid"`
	ClassName    string         `json:"class_name"`
	TypeUID      int            `json:"type_uid"`
	TypeName     string         `json:"type_name"`
	SeverityID   int            `json:"severity_id"`
	Severity     string         `json:"severity"`
	StatusID     int            `json:"status_id"`
	Status       string         `json:"status"`
	StatusDetail string         `json:"status_detail,omitempty"`
	Time         int64          `json:"time"` // ms, as all times
	StartTime    int64          `json:"start_time"`
	EndTime      int64          `json:"end_time"`
	Count        int            `json:"count,omitempty"`
	Message      string         `json:"message"`
	Metadata     ocsfMetadata   `json:"metadata"`
	Info         ocsfInfo       `json:"finding_info"`
	Evidences    []ocsfEvidence `json:"evidences,omitempty"`
	Unmapped     ocsfRest       `json:"unmapped"`
}

type ocsfMetadata struct {
	Version        string      `json:"version"`
	Product        ocsfProduct `json:"product"`
	UID            string      `json:"uid"`
	CorrelationUID string      `json:"correlation_uid"`
	EventCode      string      `json:"event_code"`
	Sequence       int         `json:"sequence"`
	Labels         []string    `json:"labels,omitempty"`
}

type ocsfProduct struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
}

type ocsfInfo struct {
	UID           string         `json:"uid"`
	Title         string         `json:"title"`
	Desc          string         `json:"desc,omitempty"`
	Types         []string       `json:"types,omitempty"`
	Analytic      ocsfAnalytic   `json:"analytic"`
	FirstSeenTime int64          `json:"first_seen_time"`
	LastSeenTime  int64          `json:"last_seen_time"`
	DataSources   []string       `json:"data_sources,omitempty"`
	RelatedEvents []ocsfIdentity `json:"related_events,omitempty"`
}

type ocsfAnalytic struct {
	UID     string `json:"uid"`
	Name    string `json:"name"`
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	Version string `json:"version"`
}

type ocsfIdentity struct {
	UID string `json:"uid"`
}

// ocsfEvidence is a record: the account that acted, the person whom the alert is about (who may be another: a typist is not
// the requester), the log file that holds the record, and all that the alert has of it.
type ocsfEvidence struct {
	Actor *ocsfActor   `json:"actor,omitempty"`
	User  *ocsfUser    `json:"user,omitempty"`
	File  ocsfFile     `json:"file"`
	Data  event.Record `json:"data"`
}

type ocsfActor struct {
	User ocsfUser `json:"user"`
}

type ocsfUser struct {
	Name     string `json:"name,omitempty"`
	UID      string `json:"uid,omitempty"`
	FullName string `json:"full_name,omitempty"`
}

type ocsfFile struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	TypeID int    `json:"type_id"`
}

// ocsfRest are the alert's members that the schema has no place for. They keep their names and forms.
type ocsfRest struct {
	Schema     string          `json:"schema"`
	Marking    string          `json:"marking"`
	Status     alert.Status    `json:"status"`
	Rule       alert.Rule      `json:"rule"`
	Person     *alert.Person   `json:"person,omitempty"`
	Group      []alert.KeyPart `json:"group"`
	Period     alert.Period    `json:"period"`
	Facts      []alert.Fact    `json:"facts,omitempty"`
	Measures   []alert.Measure `json:"measures,omitempty"`
	Expired    []string        `json:"expired_exceptions,omitempty"`
	Unknowns   []string        `json:"unknowns,omitempty"`
	Tables     []alert.Table   `json:"tables,omitempty"`
	Generation string          `json:"generation"`
}

func asOCSF(a *alert.Alert) []byte {
	activity, status := ocsfState(a)
	severity := ocsfSeverity(a.Rule.Severity)
	b, err := json.Marshal(ocsfFinding{
		ActivityID: activity.id, ActivityName: activity.caption,
		CategoryUID: ocsfCategory, CategoryName: "Findings",
		ClassUID: ocsfClass, ClassName: "Detection Finding",
		TypeUID: ocsfClass*100 + activity.id, TypeName: "Detection Finding: " + activity.caption,
		SeverityID: severity.id, Severity: severity.caption,
		StatusID: status.id, Status: status.caption, StatusDetail: a.Reason,
		Time: a.Last.UnixMilli(), StartTime: a.First.UnixMilli(), EndTime: a.Last.UnixMilli(), Count: a.Count,
		Message: a.Summary,
		Metadata: ocsfMetadata{Version: ocsfVersion, Product: ocsfProduct{Name: "Probity", VendorName: "Probity"}, UID: a.Key(),
			CorrelationUID: a.ID, EventCode: a.Rule.ID, Sequence: a.Revision, Labels: []string{a.Marking}},
		Info:      ocsfInfoOf(a),
		Evidences: ocsfEvidences(a),
		Unmapped: ocsfRest{a.Schema, a.Marking, a.Status, a.Rule, a.Person, a.Group, a.Period, a.Facts, a.Measures, a.Expired,
			a.Unknowns, a.Tables, a.Generation},
	})
	if err != nil {
		panic(err) // it was read from JSON: every field marshals
	}
	return b
}

func ocsfInfoOf(a *alert.Alert) ocsfInfo {
	i := ocsfInfo{
		UID: a.ID, Title: a.Rule.Title, Desc: a.Summary,
		Analytic:      ocsfAnalytic{UID: a.Rule.ID, Name: a.Rule.Title, TypeID: ocsfTypeRule, Type: "Rule", Version: strconv.Itoa(a.Rule.Version)},
		FirstSeenTime: a.First.UnixMilli(), LastSeenTime: a.Last.UnixMilli(),
	}
	if a.Rule.Type != "" {
		i.Types = []string{a.Rule.Type}
	}
	for _, r := range a.Evidence {
		if !slices.Contains(i.DataSources, r.Source) {
			i.DataSources = append(i.DataSources, r.Source)
		}
	}
	for _, id := range a.EventIDs {
		i.RelatedEvents = append(i.RelatedEvents, ocsfIdentity{id})
	}
	return i
}

func ocsfEvidences(a *alert.Alert) (out []ocsfEvidence) {
	for _, r := range a.Evidence {
		e := ocsfEvidence{File: ocsfFile{Name: path.Base(r.Path), Path: r.Path, TypeID: ocsfFileRegular}, Data: r}
		if account, _ := r.Fields["user.name"].(string); account != "" {
			e.Actor = &ocsfActor{ocsfUser{Name: account}}
		}
		if a.Person != nil {
			e.User = &ocsfUser{UID: a.Person.ID, FullName: a.Person.String()}
		}
		out = append(out, e)
	}
	return out
}
