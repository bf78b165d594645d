package table

import "testing"

func TestAssociationsHoldFromTheirDeclaration(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"associated(S00042, " + g + "07)", noon, "true"}, {"relationship(S00042, " + g + "07)", noon, "brother"},
		{"associated(S00043, " + g + "08)", "2026-02-10 00:00", "true"},
		{"associated(S00043, " + g + "08)", "2026-02-09 23:59", "unknown table"},
		{"relationship(S00043, " + g + "08)", "2026-02-09 23:59", "unknown table"},
		{"associated(S00044, " + g + "09)", noon, "unknown field"}, // declared, but when?
		{"associated(S00042, " + g + "08)", noon, "unknown table"},
		{"associated(S00042, " + g + "07)", lastYear, "unknown table"},
		{"associated(niche:x, " + g + "07)", noon, "unknown table"},
	})
	rows := []string{"S1,r1,friend,2026-02-01", "S1,r1,engaged,2026-02-20", "S1,r1,spouse,2026-02-20", "S1,r1,,2026-01-05"}
	askAll(t, NewSet(nil, tableOf(t, Associations, Config{Miss: MissNo}, rows...)), []asked{
		{"associated(S1, r1)", "2026-01-04 12:00", "false"}, {"relationship(S1, r1)", "2026-01-04 12:00", "unknown field"},
		{"associated(S1, r1)", "2026-01-05 12:00", "true"}, {"relationship(S1, r1)", "2026-01-05 12:00", "unknown field"},
		{"relationship(S1, r1)", "2026-02-19 12:00", "friend"},
		{"relationship(S1, r1)", "2026-02-20 12:00", "spouse"},
	})
}

func TestRegisteredToComparesMarksWithoutSpaces(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"registered_to(qq00abc, S00042)", noon, "true"}, {"registered_to(QQ 01 XYZ, S00043)", noon, "true"},
		{"registered_to(QQ01XYZ, S00046)", noon, "true"}, {"registered_to(QQ01XYZ, S00042)", noon, "unknown table"},
		{"registered_to(QQ00ABC, S00042)", tooLate, "unknown table"}, {"registered_to(, S00042)", noon, "unknown field"},
	})
	askAll(t, NewSet(nil, tableOf(t, Vehicles, Config{Miss: MissNo}, "QQ00 ABC,S1")), []asked{
		{"registered_to(QQ00ABC, S2)", noon, "false"}, {"registered_to(QQ00ABC, pnc:DP1)", noon, "unknown table"},
	})
}

func TestAssignmentsHoldFromTheirBeginningToBeforeTheirEnd(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"assigned(S00042, 5326/0012345)", "2026-01-15 10:29", "false"},
		{"assigned(S00042, 5326/0012345)", "2026-01-15 10:30", "true"},
		{"assigned(S00042, 5326/0012345)", "2026-02-01 07:59", "true"},
		{"assigned(S00042, 5326/0012345)", "2026-02-01 08:00", "false"},
		{"assigned(S00043, cr/26/0012345)", "2026-03-02T01:59:59Z", "true"}, // open
		{"assigned(S00043, CR/26/0012345)", "2026-03-02T02:00:00Z", "unknown table"},
		{"assigned(S00042, CR/26/0012345)", "2026-03-02T02:00:00Z", "unknown table"},
		{"assigned(S00042, CR/26/0012345)", lastYear, "unknown table"},
		{"assigned(storm:c4821, CR/26/0012345)", "2026-02-01 08:00", "unknown table"},
		{"assigned(S00042, )", "2026-02-01 08:00", "unknown field"},
		{"linked(" + g + "05, 5326/0012345)", "2026-01-15 10:39", "false"},
		{"linked(" + g + "05, 5326/0012345)", "2026-02-26T14:05:00Z", "true"},
		{"linked(" + g + "05, DPP-20260226-0143)", "2026-02-26T14:05:00Z", "true"},
		{"linked(" + g + "03, CR/26/0012345)", "2026-02-20 23:59", "true"}, // a date as an end is through the day
		{"linked(" + g + "03, CR/26/0012345)", "2026-02-21 00:00", "false"},
		{"linked(" + g + "03, CR/26/0012345)", lastYear, "unknown table"},
		{"party_to(S00045, cr/26/0012345)", "2026-02-20 23:59", "true"},
		{"party_to(S00045, CR/26/0012345)", "2026-02-21 00:00", "false"},
		{"party_to(S00042, CR/26/0012345)", "2026-02-20 23:59", "false"},
		{"party_to(S00045, CR/26/0012346)", "2026-02-20 23:59", "false"},
		{"party_to(S99999, CR/26/0012345)", "2026-02-20 23:59", "unknown table"},
		{"party_to(S00045, CR/26/0012345)", lastYear, "unknown table"},
	})
	askAll(t, NewSet(nil, tableOf(t, Assignments, Config{Miss: MissUnknown}, "p1,S1,OIC,,")), []asked{
		{"assigned(S1, p1)", noon, "true"}, {"assigned(S2, p1)", noon, "unknown table"},
	})
}

func TestAssignedToRecordGoesThroughTheLinks(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"assigned_to_record(S00043, " + g + "05)", "2026-02-01 12:00", "true"},
		{"assigned_to_record(S00042, " + g + "05)", "2026-02-01 12:00", "false"},             // no longer assigned
		{"assigned_to_record(S00042, " + g + "05)", "2026-02-26T14:04:59Z", "false"},         // deployed, not linked yet
		{"assigned_to_record(S00042, " + g + "05)", "2026-02-26T14:05:00Z", "true"},          // deployed and linked
		{"assigned_to_record(S00043, CR/26/0012345)", "2026-02-01 12:00", "true"},            // the record itself
		{"assigned_to_record(S00043, " + g + "05)", "2026-03-02T02:00:00Z", "unknown table"}, // after covers
	})
	assignments, links := tableOf(t, Assignments, Config{}, "p1,S1,OIC,,"), tableOf(t, Links, Config{}, "r1,p1,,")
	askAll(t, NewSet(nil, assignments), []asked{
		{"assigned_to_record(S1, p1)", noon, "true"}, {"assigned_to_record(S1, r1)", noon, "unknown table"},
	})
	askAll(t, NewSet(nil, links), []asked{{"assigned_to_record(S1, r1)", noon, "unknown table"}, {"assigned_to_record(S1, r2)", noon, "unknown table"}})
	askAll(t, NewSet(nil, assignments, links), []asked{
		{"assigned_to_record(S1, r1)", noon, "true"}, {"assigned_to_record(S2, r1)", noon, "false"}, {"assigned_to_record(S1, r2)", noon, "false"},
	})
	unsure := tableOf(t, Links, Config{Miss: MissUnknown}, "r1,p1,,")
	askAll(t, NewSet(nil, assignments, unsure), []asked{
		{"assigned_to_record(S1, r1)", noon, "true"}, {"assigned_to_record(S2, r1)", noon, "unknown table"},
	})
}

func TestAnAssignmentIsOverWhenTheLastOneHasEndedAndTheGraceWithIt(t *testing.T) {
	const day = "86400"
	askAll(t, sampleSet(t), []asked{
		{"assignment_over(S00042, " + g + "05, 0)", "2026-02-01 07:59", "false"}, // still in the team
		{"assignment_over(S00042, " + g + "05, 0)", "2026-02-01 08:00", "true"},
		{"assignment_over(S00042, " + g + "05, " + day + ")", "2026-02-02 07:59", "false"},
		{"assignment_over(S00042, " + g + "05, " + day + ")", "2026-02-02 08:00", "true"},
		{"assignment_over(S00042, " + g + "05, 0)", "2026-02-26T14:30:00Z", "false"},         // deployed to a new incident with the same person
		{"assignment_over(S00043, " + g + "05, 0)", "2026-02-26T14:30:00Z", "false"},         // still the officer in the case
		{"assignment_over(S00044, " + g + "05, 0)", "2026-02-26T14:30:00Z", "false"},         // never assigned
		{"assignment_over(S00042, 5326/0012345, 0)", "2026-02-20 12:00", "true"},             // the occurrence itself
		{"assignment_over(S00042, " + g + "05, 0)", "2026-03-02T02:00:00Z", "unknown table"}, // after covers
	})
	over, ended := tableOf(t, Assignments, Config{}, "p1,S1,OIC,,2026-02-01"), tableOf(t, Links, Config{}, "r1,p1,,2026-02-01")
	askAll(t, NewSet(nil, over, ended), []asked{{"assignment_over(S1, r1, 0)", noon, "true"}}) // the link ended with the case
	askAll(t, NewSet(nil, over), []asked{{"assignment_over(S1, r1, 0)", noon, "unknown table"}})
	unsure := tableOf(t, Links, Config{Miss: MissUnknown}, "r1,p1,,")
	askAll(t, NewSet(nil, over, unsure), []asked{{"assignment_over(S1, r1, 0)", noon, "unknown table"}})
}

func TestSensitiveRecordsExpire(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"sensitive(" + g + "05)", noon, "true"}, {"sensitive_label(" + g + "05)", noon, "high profile"},
		{"sensitive(" + g + "08)", "2026-02-28 23:59", "true"}, {"sensitive(" + g + "08)", "2026-03-01 00:00", "false"},
		{"sensitive_label(" + g + "08)", "2026-03-01 00:00", "unknown field"},
		{"sensitive(" + g + "01)", noon, "false"}, {"sensitive(" + g + "05)", lastYear, "unknown table"},
		{"sensitive(" + g + "05)", "2026-03-02 23:59", "true"}, {"sensitive(" + g + "01)", "2026-03-03 00:00", "unknown table"},
		{"role_allowed(" + g + "05, Detective)", noon, "true"}, {"role_allowed(" + g + "05, response)", noon, "false"},
		{"role_allowed(" + g + "01, response)", noon, "true"}, {"role_allowed(5326/0012345, detective)", noon, "false"},
		{"role_allowed(" + g + "05, )", noon, "unknown field"}, {"role_allowed(" + g + "05, media)", lastYear, "unknown table"},
	})
	rows := []string{"r1,,,", "r1,second,media,2026-02-01", "r1,third,cid,", "r2,open,,"}
	askAll(t, NewSet(nil, tableOf(t, Sensitive, Config{Miss: MissUnknown}, rows...)), []asked{
		{"sensitive_label(r1)", "2026-01-15 12:00", "second"}, {"sensitive_label(r1)", noon, "third"},
		{"role_allowed(r1, media)", "2026-01-15 12:00", "true"}, {"role_allowed(r1, media)", noon, "unknown field"},
		{"role_allowed(r1, cid)", noon, "true"}, {"role_allowed(r2, cid)", noon, "unknown field"},
		{"sensitive(r3)", noon, "unknown table"}, {"role_allowed(r3, cid)", noon, "unknown table"}, {"sensitive_label(r3)", noon, "unknown table"},
	})
}

func TestHoneytokensCountFromTheirPlanting(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"honeytoken(" + g + "99)", "2026-01-10 00:00", "true"}, {"honeytoken(" + g + "99)", "2026-01-09 23:59", "false"},
		{"honeytoken(CR/26/0999999)", "2026-02-15 08:59", "false"}, {"honeytoken(cr/26/0999999)", "2026-02-15 09:00", "true"},
		{"honeytoken(" + g + "01)", noon, "false"}, {"honeytoken(" + g + "99)", "2026-03-03 00:00", "unknown table"},
		{"honeytoken()", noon, "unknown field"},
	})
	askAll(t, NewSet(nil, tableOf(t, Honeytokens, Config{Miss: MissUnknown}, "r1,2026-02-01")), []asked{{"honeytoken(r2)", noon, "unknown table"}})
}
