package table

import "testing"

func TestDutyIsThatOfTheRowAtTheTime(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"duty(S00042)", "2026-03-02 06:59", "off"}, {"duty(S00042)", "2026-03-02 07:00", "on"}, {"duty(S00042)", "2026-03-02 16:00", "off"},
		{"duty(S00043)", "2026-03-02 09:00", "court"}, {"duty(S00043)", "2026-03-02 17:00", "unknown table"},
		{"duty(S00044)", "2026-03-08 23:59", "leave"}, {"duty(S00044)", "2026-03-09 00:00", "unknown table"},
		{"duty(S00046)", "2026-03-02T08:00:00Z", "sick"}, {"duty(S99999)", noon, "unknown table"}, {"duty(niche:c1)", noon, "unknown table"},
		{"duty(S00042)", "2026-02-26 23:59", "unknown table"}, {"duty()", noon, "unknown field"},
	})
	rows := []string{"S1,2026-03-01 07:00,2026-03-01 16:00,on", "S1,2026-03-01 12:00,2026-03-01 16:00,sick", "S1,2026-03-01 15:00,2026-03-01 18:00,sick"}
	askAll(t, NewSet(nil, tableOf(t, Roster, Config{Miss: MissNo}, rows...)), []asked{
		{"duty(S1)", "2026-03-01 11:59", "on"}, {"duty(S1)", "2026-03-01 12:00", "unknown table"}, {"duty(S1)", "2026-03-01 17:00", "sick"},
		{"duty(S1)", "2026-03-02 12:00", "off"},           // listed, but not then
		{"duty(S2)", "2026-03-02 12:00", "unknown table"}, // not on this roster at all
	})
}

func TestOnDutyGivesGraceAndSaysNoOnlyOfWhatItKnows(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"on_duty(S00042, 0)", "2026-03-02 07:00", "true"}, {"on_duty(S00042, 0)", "2026-03-02 06:59", "false"},
		{"on_duty(S00042, 7200)", "2026-03-02 05:00", "true"}, {"on_duty(S00042, 7200)", "2026-03-02 04:59", "false"},
		{"on_duty(S00042, 7200)", "2026-03-02 17:59", "true"}, {"on_duty(S00042, 7200)", "2026-03-02 18:00", "false"},
		{"on_duty(S00043, 0)", "2026-03-02 12:00", "true"},          // at court is at work
		{"on_duty(S00043, 0)", "2026-03-02 18:00", "unknown table"}, // not listed
		{"on_duty(S00044, 7200)", noon, "false"}, {"on_duty(S00046, 0)", noon, "false"},
		{"on_duty(S00046, 18000)", noon, "unknown table"},              // sick at noon, but within five hours is not listed
		{"on_duty(S00044, 7200)", "2026-02-27 01:00", "unknown table"}, // what was before covers?
		{"on_duty(S00044, 7200)", "2026-03-08 22:30", "unknown table"},
		{"on_duty(S99999, 0)", noon, "unknown table"}, {"on_duty(S00042, )", noon, "unknown field"}, {"on_duty(m365:x, 0)", noon, "unknown table"},
		{"on_duty(S00042, -5)", "2026-03-02 06:59", "false"}, {"on_duty(S00042, 9223372036854775807)", noon, "true"},
	})
	askAll(t, NewSet(nil, tableOf(t, Roster, Config{Miss: MissNo}, "S1,2026-03-01 07:00,2026-03-01 16:00,on")), []asked{
		{"on_duty(S1, 3600)", "2026-03-01 16:59", "true"}, {"on_duty(S1, 3600)", "2026-03-01 17:00", "false"}, {"on_duty(S2, 0)", noon, "unknown table"},
	})
}

func TestALongDutyIsFoundBehindManyShortOnes(t *testing.T) {
	rows := []string{"S1,1600-01-01,9999-12-31,leave"}
	for _, d := range []string{"10", "11", "12", "13"} {
		rows = append(rows, "S1,2026-02-"+d+" 07:00,2026-02-"+d+" 16:00,training")
	}
	askAll(t, NewSet(nil, tableOf(t, Roster, Config{}, rows...)), []asked{
		{"duty(S1)", noon, "leave"}, {"duty(S1)", "2026-02-12 12:00", "unknown table"}, {"on_duty(S1, 0)", "2026-02-12 12:00", "true"},
		{"on_duty(S1, 60)", noon, "false"},
	})
}

func TestClockChangeDays(t *testing.T) {
	rows := []string{
		"S1,2026-03-28 22:00,2026-03-29 07:00,on", // eight hours long
		"S2,2026-03-29 01:30,2026-03-29 03:30,on", // begins in the missing hour: 01:30Z, ends 02:30Z
		"S3,2026-10-25 01:30,2026-10-25 02:30,on", // begins in the first pass: 00:30Z, ends 02:30Z
		"S4,2026-10-24 22:00,2026-10-25 01:30,on", // ends in the first pass: 00:30Z
		"S5,2026-10-25,2026-10-25,leave",          // 25 hours
	}
	l := "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-12-31\nstaff_id,from,to,duty\n"
	for _, r := range rows {
		l += r + "\n"
	}
	tab, err := Parse(Roster, Config{Miss: MissNo}, "roster.csv", []byte(l))
	if err != nil {
		t.Fatal(err)
	}
	askAll(t, NewSet(london(t), tab), []asked{
		{"duty(S1)", "2026-03-29T05:59:59Z", "on"}, {"duty(S1)", "2026-03-29T06:00:00Z", "off"},
		{"duty(S2)", "2026-03-29T01:29:59Z", "off"}, {"duty(S2)", "2026-03-29T01:30:00Z", "on"}, {"duty(S2)", "2026-03-29T02:30:00Z", "off"},
		{"duty(S3)", "2026-10-25T00:29:59Z", "off"}, {"duty(S3)", "2026-10-25T00:30:00Z", "on"}, {"duty(S3)", "2026-10-25T02:30:00Z", "off"},
		{"duty(S4)", "2026-10-25T00:29:59Z", "on"}, {"duty(S4)", "2026-10-25T00:30:00Z", "off"},
		{"duty(S5)", "2026-10-24T23:00:00Z", "leave"}, {"duty(S5)", "2026-10-25T23:59:59Z", "leave"}, {"duty(S5)", "2026-10-26T00:00:00Z", "off"},
		{"local_hour(2026-03-29T00:59:59Z)", noon, "0"}, {"local_hour(2026-03-29T01:00:00Z)", noon, "2"},
		{"local_hour(2026-10-25T00:30:00Z)", noon, "1"}, {"local_hour(2026-10-25T01:30:00Z)", noon, "1"},
		{"local_weekday(2026-03-28T23:59:59Z)", noon, "6"}, {"local_weekday(2026-03-29T00:00:00Z)", noon, "7"},
		{"local_weekday(2026-07-05T23:00:00Z)", noon, "1"}, {"local_weekday()", noon, "unknown field"},
	})
}
