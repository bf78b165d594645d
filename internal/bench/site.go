package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"probity/internal/daemon"
	"probity/internal/decode"
)

// site is a folder with a configuration, its tables and logs, as an installation has them.
type site struct{ dir string }

func (s site) path(name string) string { return filepath.Join(s.dir, name) }

// build writes everything but rules.
func build(dir string, seed uint64, lines int, names []string) (site, error) {
	s := site{dir}
	if err := os.MkdirAll(s.path("tables"), 0o700); err != nil {
		return s, fmt.Errorf("writing lines: %w", err)
	}
	for name, text := range tables() {
		if err := s.write(filepath.Join("tables", name+".csv"), text); err != nil {
			return s, err
		}
	}
	if err := s.write("identity.key", strings.Repeat("not secret: bench", 2)); err != nil {
		return s, err
	}
	if err := s.write("rms.yaml", rmsFormat()); err != nil {
		return s, err
	}
	for _, name := range names {
		l, ok := logNamed(name)
		if !ok {
			return s, fmt.Errorf("no log %q: choose of %s", name, strings.Join(LogNames(), ", "))
		}
		if err := l.write(dir, seed, lines); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s site) write(name, text string) error {
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing lines: %w", err)
	}
	return nil
}

// rmsFormat reads niche's fields from flat JSON.
func rmsFormat() string {
	return strings.NewReplacer("name: niche\n", "name: rms\n", "framing: csv\n", "", "decoder: csv\n", "decoder: json\n",
		"csv: {separator: \",\", header: true}\n", "").Replace(string(decode.BuiltinSource("niche")))
}

const configuration = `# Made for measuring. Nobody in it is real.
state_dir: state
identity_key_file: identity.key
formats: {rms: rms.yaml}
sources:
  - {name: m365, format: m365, paths: [m365.ndjson]}
  - {name: niche, format: niche, paths: [niche.csv]}
  - {name: pnc, format: pnc, paths: [pnc.log]}
  - {name: rms, format: rms, paths: [rms.ndjson]}
%srules: %s
`

const tablesOf = `tables:
  people: {path: tables/people.csv, max_age: 900d, miss: no}
  roster: {path: tables/roster.csv, max_age: 900d, miss: no}
  vehicles: {path: tables/vehicles.csv, max_age: 900d, miss: no}
  associations: {path: tables/associations.csv, max_age: 900d, miss: no}
  nominals: {path: tables/nominals.csv, max_age: 900d, miss: no}
  assignments: {path: tables/assignments.csv, max_age: 900d}
  links: {path: tables/links.csv, max_age: 900d}
  sensitive: {path: tables/sensitive.csv, max_age: 900d}
  honeytokens: {path: tables/honeytokens.csv, max_age: 900d}
`

// configure writes a configuration with these rules, with tables or without, and reads it as "probity replay" does.
func (s site) configure(name, rules string, withTables bool) (*daemon.Config, error) {
	of := ""
	if withTables {
		of = tablesOf
	}
	if err := s.write(name, fmt.Sprintf(configuration, of, rules)); err != nil {
		return nil, err
	}
	c, problems := daemon.LoadConfig(s.path(name))
	return c, problems.Err()
}

// tables are those that the shipped rules ask: everybody is on duty and has one case, to which their records are linked.
func tables() map[string]string {
	const first = "# exported_at=2027-01-01T00:00:00Z covers=2026-01-01/2026-12-31\n"
	t := map[string]*strings.Builder{}
	for name, header := range map[string]string{
		"people": "staff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date," +
			"end_date,vetting_expiry,manager_id",
		"roster": "staff_id,from,to,duty", "vehicles": "vrm,staff_id", "associations": "staff_id,record_ref,relationship,declared_on",
		"nominals": "record_ref,surname,forenames,dob,address_id", "assignments": "purpose_ref,staff_id,role,from,to",
		"links": "record_ref,purpose_ref,from,to", "sensitive": "record_ref,label,allowed_roles,expires", "honeytokens": "record_ref,planted_on",
	} {
		t[name] = &strings.Builder{}
		fmt.Fprintf(t[name], "%s%s\n", first, header)
	}
	for who := range staff {
		id := staffID(who)
		fmt.Fprintf(t["people"], "%s,niche:%[2]s;rms:%[2]s;pnc:%s;m365:%s,TESTNOMINAL%05d,Test,1988-05-17,%04d,response,RESPONSE-%d,LLA,AD-%05d,QX1 1AA,"+
			"officer,active,2012-09-03,,2028-01-31,S%05d\n", id, account(who), operator(who), address(who), who, who, who%40, who, who%40)
		fmt.Fprintf(t["roster"], "%s,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z,on\n", id)
		fmt.Fprintf(t["vehicles"], "%s,%s\n", plate(staff*ownRecords+strangers+who), id)
		fmt.Fprintf(t["associations"], "%s,%s,brother,2021-05-04\n", id, recordID(staff*ownRecords+strangers+who))
		fmt.Fprintf(t["assignments"], "%s,%s,OIC,2026-01-15 10:30,\n", caseOf(who), id)
		for i := range ownRecords {
			n := who*ownRecords + i
			for _, record := range []string{recordID(n), pncID(n), plate(n)} {
				fmt.Fprintf(t["links"], "%s,%s,2026-01-15 10:40,\n", record, caseOf(who))
			}
			fmt.Fprintf(t["nominals"], "%s,TESTNOMINAL,Ann,1970-01-01,AD-%05d\n", recordID(n), staff+who)
		}
		if who%10 == 0 {
			fmt.Fprintf(t["sensitive"], "%s,high profile,vetting,\n", recordID(staff*ownRecords+strangers+staff+who))
			fmt.Fprintf(t["honeytokens"], "%s,2026-01-10\n", recordID(staff*ownRecords+strangers+2*staff+who))
		}
	}
	out := map[string]string{}
	for name, text := range t {
		out[name] = text.String()
	}
	return out
}
