package sim

import "strings"

// Common names first: draws favour the beginning, and staff and public share
// them, because in Wales a shared surname means little.
var surnames = []string{
	"Jones", "Davies", "Williams", "Evans", "Thomas", "Roberts", "Lewis", "Hughes", "Morgan", "Griffiths",
	"Edwards", "Owen", "Price", "Rees", "James", "Jenkins", "Phillips", "Lloyd", "Powell", "Harries",
	"Smith", "Bowen", "Howells", "Pritchard", "Rowlands", "Parry", "Llewellyn", "Watkins", "Vaughan", "Bevan",
	"Brown", "Taylor", "Patel", "Khan", "Ahmed", "Kowalczyk", "O'Neill", "Begum", "Ali", "Murphy",
	"Tregarth", "Wexcombe", "Ashmoor", "Pendarrow", "Quillfeather", "Thistlewick", "Marrowby", "Oakenshaw",
	"Brindlecote", "Fenwright", "Harkstone", "Larkmere", "Nettlefold-Rees", "Osterby", "Pellinor", "Ravensby",
	"Saltmarch", "Tolverne", "Underhay", "Winterbach", "Yarrowdale", "Zennorby", "Cadwgan", "Gwyndaf",
	"Talfryn", "Hendrewen", "Maesglas", "Brynteg-Pugh", "Fréchon", "Löwyn", "Bréval", "Höglin",
}

var forenamesMale = []string{
	"Dafydd", "Rhys", "Gareth", "Huw", "Alun", "Ieuan", "Owain", "Dylan", "Iwan", "Emyr", "David", "John",
	"Michael", "Paul", "Mark", "Aled", "Geraint", "Hywel", "Imran", "Tomasz", "Kieran", "Lloyd", "Mohammed",
	"Gethin", "Macsen", "Tudur", "Peter", "Simon", "Trystan", "Osian",
}

var forenamesFemale = []string{
	"Carys", "Sian", "Nia", "Bethan", "Cerys", "Angharad", "Elin", "Ffion", "Lowri", "Megan", "Sarah", "Emma",
	"Catrin", "Rhian", "Mair", "Heledd", "Gwen", "Seren", "Aisha", "Agnieszka", "Priya", "Eleri", "Non",
	"Tegwen", "Mali", "Louise", "Helen", "Nerys", "Branwen", "Delyth",
}

var nicknames = []string{"Sparky", "Dai Bach", "Tank", "Wills", "Ginge"}

var towns = []string{
	"Aberddu", "Llanfair Wen", "Pontgoch", "Cwm Tywyll", "Trefelin Isaf", "Bryn Llwydfa", "Porth Ceri", "Llyn Hirfa", "Maes y Drwg",
}

var streets = []string{
	"Heol Wen", "Stryd Fawr", "Quarry Row", "Chapel Bank", "Station Approach", "Heol y Felin", "Tannery Lane", "Maes Hyfryd",
	"Gorse Hill", "Ferry Side", "Lon Goch", "Bridge End", "Sawmill Close", "Market Square", "Cae Glas", "Pit Road",
}

var roads = []string{
	"A48 CROSS HANDS", "B9999 PONTGOCH", "A4999 ABERDDU BYPASS", "STRYD FAWR ABERDDU", "FERRY SIDE", "SERVICES J99", "HEOL Y FELIN",
}

var stops = []string{"ROAD CHECK", "STOP", "NO TAX SEEN", "ANPR HIT", "SUSP VEH", "RTC", "ID CHECK", "STOP SEARCH"}

var offences = []string{
	"Burglary dwelling", "Theft from shop", "Assault ABH", "Criminal damage", "Public order s.5", "Theft of pedal cycle",
	"Domestic incident", "Harassment", "Fraud by false representation", "Missing person", "Drugs possession", "Concern for safety",
}

var makes = []string{"FORD FIESTA", "VAUXHALL CORSA", "KIA CEED", "SKODA OCTAVIA", "TOYOTA YARIS", "NISSAN LEAF"}

// reasons as people type them; most often they type none. Some hold what
// breaks a careless reader of CSV: commas, quotes and newlines.
var reasons = []string{
	"Enquiry", "crime enquiry", "Statement", "Update to victim", "Briefing", "Bail check", "House to house", "Follow up call",
	"Call back, no reply", "Linked, see log", "Victim said \"ring after six\", will retry",
	"Checked address,\nno one home", "1. phone victim\n2. update log, \"urgent\"\n3. close",
}

// reason is usually empty, which is no breach.
func (d dice) reason() string {
	if d.chance(0.7) {
		return ""
	}
	return often(d, reasons)
}

var unaccent = strings.NewReplacer("é", "e", "ö", "o", "'", "", " ", "")
