package dashboard

// Okabe and Ito's colours, but for black and yellow, which no background of Grafana's shows well both.
const (
	vermillion = "#D55E00"
	orange     = "#E69F00"
	skyBlue    = "#56B4E9"
	green      = "#009E73" // bluish: it is not taken for vermillion
	blue       = "#0072B2"
	purple     = "#CC79A7"
	grey       = "#999999" // what is in no list
)

// What a colour says. Nothing is said by colour alone.
const (
	bad   = vermillion
	watch = orange
	calm  = skyBlue
	good  = green
)

// stroke is the look of one series: a colour, and a dash pattern that can be told without it; nil is a solid line.
type stroke struct {
	name, colour string
	dash         []int
}

var severities = []stroke{
	{"critical", vermillion, nil},
	{"high", orange, []int{20, 4}},
	{"medium", skyBlue, []int{8, 6}},
	{"low", green, []int{2, 6}},
}

// systems are the five that the shipped formats read, and Probity's own events.
var systems = []stroke{
	{"niche", skyBlue, nil},
	{"pnc", orange, []int{20, 4}},
	{"storm", green, []int{8, 6}},
	{"crime", purple, []int{2, 6}},
	{"m365", blue, []int{20, 4, 2, 4}},
	{"probity", grey, []int{4, 4}},
}

var quantiles = []stroke{
	{"half", skyBlue, nil},
	{"nine in ten", orange, []int{20, 4}},
	{"99 in 100", vermillion, []int{8, 6}},
}

var outcomes = []stroke{
	{"misuse", vermillion, nil}, {"unintentional", orange, nil}, {"error", grey, nil},
	{"policing-purpose", green, nil}, {"training", skyBlue, nil},
}

// looks gives the series whose names begin so their strokes.
func looks(strokes []stroke) (out []Override) {
	for _, s := range strokes {
		o := Override{Matcher: Matcher{"byRegexp", "^" + s.name + "( .*)?$"}, Properties: []Property{
			{"color", map[string]any{"mode": "fixed", "fixedColor": s.colour}},
		}}
		if s.dash != nil {
			o.Properties = append(o.Properties, Property{"custom.lineStyle", map[string]any{"fill": "dash", "dash": s.dash}})
		}
		out = append(out, o)
	}
	return out
}
