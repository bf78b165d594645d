package sim

// Names of roles, as the people table has them.
const (
	response       = "response"
	neighbourhood  = "neighbourhood"
	cid            = "cid"
	controlRoom    = "control-room"
	intelligence   = "intelligence"
	vetting        = "vetting"
	firearms       = "firearms-licensing"
	filePrep       = "file-preparation"
	records        = "records"
	supervisor     = "supervisor"
	ict            = "ict"
	dutyCommand    = "duty-command"
	media          = "media"
	profStandards  = "professional-standards"
	policeOfficer  = "police officer"
	policeStaff    = "police staff"
	statusActive   = "active"
	statusLeft     = "left"
	statusLeave    = "leave"
	statusSuspense = "suspended"
)

// role is a kind of work: how many do it, when, with which systems, and what a
// shift of it looks like apart from incidents and inquiries.
type role struct {
	name     string
	share    int      // of a thousand staff
	atLeast  int      // even in the smallest force
	rota     rota     // its working days
	ranks    []string // of officers; civilians have none
	storm    bool     // has an account; Niche, Crime and Microsoft 365 are everyone's
	pnc      string   // prefix of the PNC terminals; empty: no account
	trusted  bool     // may see the famous and colleagues without assignment
	routine  func(*work, *stint, dice)
	terminal int // people to a PNC terminal
}

// roles in the order of recruiting. A small force has the first of them only.
func roles() []*role {
	pcs, dcs, bosses := []string{"PC"}, []string{"DC", "DC", "DS"}, []string{"PS", "PS", "INSP"}
	return []*role{
		{name: controlRoom, share: 80, atLeast: 5, rota: aroundTheClock, storm: true, pnc: "CR", terminal: 1, routine: (*work).controlRoutine},
		{name: response, share: 330, atLeast: 5, rota: aroundTheClock, ranks: pcs, storm: true, routine: (*work).patrolRoutine},
		{name: cid, share: 160, atLeast: 2, rota: someWeekends, ranks: dcs, pnc: "CID", terminal: 6, routine: (*work).detectiveRoutine},
		{name: supervisor, share: 80, atLeast: 1, rota: aroundTheClock, ranks: bosses, storm: true, pnc: "SUP", terminal: 4, routine: (*work).supervisorRoutine},
		{name: ict, share: 25, atLeast: 1, rota: weekdays, routine: (*work).ictRoutine},
		{name: filePrep, share: 40, atLeast: 1, rota: weekdays, routine: (*work).fileRoutine},
		{name: vetting, share: 12, atLeast: 1, rota: weekdays, pnc: "VET", terminal: 2, trusted: true, routine: (*work).vettingRoutine},
		{name: records, share: 30, atLeast: 1, rota: weekdays, pnc: "REC", terminal: 3, routine: (*work).recordsRoutine},
		{name: intelligence, share: 50, atLeast: 1, rota: someWeekends, ranks: dcs, storm: true, pnc: "INT", terminal: 3, trusted: true, routine: (*work).intelligenceRoutine},
		{name: firearms, share: 12, atLeast: 1, rota: weekdays, pnc: "FLD", terminal: 2, routine: (*work).firearmsRoutine},
		{name: neighbourhood, share: 150, atLeast: 1, rota: evenings, ranks: pcs, storm: true, routine: (*work).patrolRoutine},
		{name: dutyCommand, share: 12, rota: someWeekends, ranks: []string{"INSP"}, storm: true, trusted: true, routine: (*work).commandRoutine},
		{name: media, share: 6, rota: weekdays, trusted: true, routine: (*work).commandRoutine},
		{name: profStandards, share: 13, rota: weekdays, ranks: dcs, pnc: "PSD", terminal: 2, trusted: true, routine: (*work).standardsRoutine},
	}
}

// establishment is how many of n staff work in each role: the least first, then
// shares, the odd ones to response.
func establishment(n int, all []*role) []int {
	posts, left, shares := make([]int, len(all)), n, 0
	for i, r := range all {
		posts[i] = r.atLeast
		left -= r.atLeast
		shares += r.share
	}
	for i, r := range all {
		more := max(0, n*r.share/shares-posts[i])
		more = min(more, left)
		posts[i] += more
		left -= more
	}
	posts[1] += left
	return posts
}
