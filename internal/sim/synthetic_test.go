package sim

import (
	"regexp"
	"strings"
	"testing"
)

// everything that a force writes, as one text.
func everything(t *testing.T) string {
	t.Helper()
	f := force(t, Options{Seed: 4, Staff: 150, Days: 2, Thorough: true})
	var b strings.Builder
	for l := range f.Lines() {
		b.WriteString(latin1(l.Bytes))
	}
	for _, table := range f.Tables() {
		b.Write(table.Data)
	}
	return b.String()
}

func TestNoIdentifierCouldBeReal(t *testing.T) {
	text := everything(t)
	const letters = "ZABCDEFGHJKLMNPQRTUVWXY"
	ids := regexp.MustCompile(`\b\d\d(\d\d)/(\d{7})([A-Z])\b`).FindAllStringSubmatch(text, -1)
	if len(ids) == 0 {
		t.Error("no PNC ids")
	}
	for _, m := range ids {
		if right := (number(t, m[1])*10000000 + number(t, m[2])) % 23; letters[right] == m[3][0] {
			t.Errorf("PNC id %s has the right check letter", m[0])
		}
	}
	only(t, text, `\b[A-Z]{2}\d\d [A-Z]{3}\b`, `^QQ\d\d [A-Z]{3}$`)
	only(t, text, `\b0\d{4} \d{6}\b`, `^01632 960\d{3}$`)
	only(t, text, `[\w.'-]+@[\w-]+\.[\w.-]*\w`, `@(example\.police\.uk|cps\.example|council\.example|webmail\.example)$`)
	only(t, text, `https?://[^/" ]+`, `^https://sharepoint\.example\.police\.uk$`)
	only(t, text, `\b[A-Z]{1,2}\d{1,2} \d[A-Z]{2}\b`, `^QX`)
	addresses := strings.ReplaceAll(regexp.MustCompile(`(Chrome|Edg|Windows NT|Safari|AppleWebKit)[/ ][\d.]+`).ReplaceAllString(text, ""), "15.20.9999.0", "")
	only(t, addresses, `\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`, `^(192\.0\.2|198\.51\.100)\.\d+$`)
	only(t, text, `\b[0-9a-f]{4}:[0-9a-f:]+:[0-9a-f]+\b`, `^2001:db8:`)
}

// only fails on anything that looks like an identifier and is not marked.
func only(t *testing.T, text, looks, marked string) {
	t.Helper()
	mark := regexp.MustCompile(marked)
	found := 0
	for _, s := range regexp.MustCompile(looks).FindAllString(text, -1) {
		if found++; !mark.MatchString(s) {
			t.Errorf("%q could be real", s)
			return
		}
	}
	if found == 0 {
		t.Errorf("nothing looks like %s", looks)
	}
}

func TestStaffSharesSurnamesWithThePublic(t *testing.T) {
	f := force(t, small)
	staff := map[string]bool{}
	for _, p := range f.people {
		staff[p.surname] = true
	}
	shared := 0
	for _, x := range f.public {
		if staff[x.surname] {
			shared++
		}
	}
	if shared < len(f.public)/4 {
		t.Errorf("%d of %d", shared, len(f.public))
	}
}
