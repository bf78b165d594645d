package table

import "testing"

const g = "00000000-0000-4000-8000-0000000001"

func TestIsPersonNeedsSurnameForenameAndDateOfBirth(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"is_person(" + g + "01, S00042)", noon, "true"},
		{"is_person(" + g + "01, S00043)", noon, "false"},
		{"is_person(" + g + "03, S00045)", noon, "true"},          // 09/07/1966 and 1966-07-09
		{"is_person(" + g + "04, S00042)", noon, "unknown field"}, // no date of birth on record
		{"is_person(" + g + "04, S00043)", noon, "false"},         // but the name differs
		{"is_person(" + g + "02, S00046)", noon, "unknown field"}, // no date of birth in people
		{"is_person(" + g + "77, S00042)", noon, "unknown table"},
		{"is_person(" + g + "01, S99999)", noon, "unknown table"},
		{"is_person(" + g + "01, niche:c4821)", noon, "unknown table"},
		{"is_person(, S00042)", noon, "unknown field"},
		{"is_person(" + g + "01, S00042)", tooLate, "unknown table"},
	})
}

func TestSameAddressIsOfSomebodyElse(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"same_address(" + g + "01, S00042)", noon, "false"},         // the same person
		{"same_address(" + g + "02, S00042)", noon, "true"},          // the household
		{"same_address(" + g + "02, S00046)", noon, "unknown field"}, // perhaps the same person
		{"same_address(" + g + "05, S00042)", noon, "false"},
		{"same_address(" + g + "07, S00042)", noon, "unknown field"}, // no address on record
		{"same_address(" + g + "77, S00042)", noon, "unknown table"},
		{"same_surname(" + g + "07, S00042)", noon, "true"},
		{"same_surname(" + g + "05, S00042)", noon, "false"},
		{"same_surname(" + g + "77, S00042)", noon, "unknown table"},
		{"namesakes(" + g + "07)", noon, "3"},
		{"namesakes(" + g + "05)", noon, "1"},
		{"namesakes(" + g + "77)", noon, "unknown table"},
	})
}

func TestIsStaffIsFalseOnlyIfPeopleIsComplete(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"is_staff(" + g + "01)", noon, "true"}, {"staff_of(" + g + "01)", noon, "S00042"},
		{"is_staff(" + g + "05)", noon, "unknown table"}, {"staff_of(" + g + "05)", noon, "unknown table"},
	})
	nominals := tableOf(t, Nominals, Config{}, "r1,EVANS,ALUN,1988-05-17,", "r2,STRANGER,GWEN,1950-01-01,", "r3,EVANS,ALUN,,", "r4,,,1988-05-17,", "r5,TWIN,ANN,2000-01-01,", "r6,EVANS,ALUN,1988-17-05,")
	people := []string{"S1,,Evans,Alun,1988-05-17,,,,,,,,,,,,", "S2,,Twin,Ann,2000-01-01,,,,,,,,,,,,", "S3,,Twin,Ann,2000-01-01,,,,,,,,,,,,"}
	askAll(t, NewSet(nil, nominals, tableOf(t, People, Config{Miss: MissNo}, people...)), []asked{
		{"is_staff(r1)", noon, "true"}, {"staff_of(r1)", noon, "S1"},
		{"is_staff(r2)", noon, "false"}, {"staff_of(r2)", noon, "unknown field"},
		{"is_staff(r3)", noon, "unknown field"}, {"staff_of(r3)", noon, "unknown field"},
		{"is_staff(r4)", noon, "unknown field"},
		{"is_staff(r5)", noon, "true"}, {"staff_of(r5)", noon, "unknown table"}, // one of two
		{"is_staff(r6)", noon, "unknown table"}, // not a date: a mended table will tell
		{"is_staff(r9)", noon, "unknown table"}, // nominals may lack it
	})
	withNameless := tableOf(t, People, Config{Miss: MissNo}, append(people, "S4,,,Gwen,1950-01-01,,,,,,,,,,,,")...)
	askAll(t, NewSet(nil, nominals, withNameless), []asked{
		{"is_staff(r2)", noon, "unknown field"}, // perhaps the one without a surname
		{"is_staff(r1)", noon, "true"},
	})
}
