package evaluate

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The plots are drawn in shapes and shades of grey, so that they survive a printer; each has its numbers in a table below.
// Lengths are SVG units; the page scales them.
const (
	plotWidth  = 760.0
	plotLeft   = 240.0
	plotRight  = 720.0
	rowHeight  = 26.0
	plotTop    = 30.0
	delayHigh  = 220.0
	delayUntil = 90 * 24 * time.Hour
)

// style is how the n-th variant is drawn: obvious, ordinary, patient, and whatever else there is.
type style struct{ Shape, Fill, Dash string }

var styles = []style{{"circle", "#000", "none"}, {"square", "#888", "7 3"}, {"diamond", "#fff", "2 3"}, {"triangle", "#ccc", "12 3 2 3"}}

func styled(i int) style { return styles[min(i, len(styles)-1)] }

// tick is a line of an axis.
type tick struct {
	At   float64
	Text string
}

// dot is a share with its interval.
type dot struct {
	X, Low, High, Y float64
	Path            string
	style
	Says string
}

type dotRow struct {
	Y    float64
	Name string
	Dots []dot
}

// dotPlot shows the recall of each typology by variant.
type dotPlot struct {
	Width, Height, Top, Left, Right float64
	Ticks                           []tick
	Rows                            []dotRow
	Legend                          []legend
}

type legend struct {
	X, TextX, Y float64
	Path, Text  string
	style
}

func (e *Evaluation) recallPlot() dotPlot {
	p := dotPlot{Width: plotWidth, Top: plotTop, Left: plotLeft, Right: plotRight}
	at := func(v float64) float64 { return plotLeft + v*(plotRight-plotLeft) }
	for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
		p.Ticks = append(p.Ticks, tick{at(v), fmt.Sprintf("%g", v)})
	}
	for i, t := range e.Typologies {
		row := dotRow{Name: t.Name, Y: plotTop + (float64(i)+0.7)*rowHeight}
		for k, v := range t.Recall {
			value, ok := v.Found.Value()
			if !ok {
				continue
			}
			low, high := v.Found.Wilson()
			d := dot{X: at(value), Low: at(low), High: at(high), Y: row.Y + 7*(float64(k)-float64(len(t.Recall)-1)/2), style: styled(k)}
			d.Path, d.Says = shape(d.Shape, d.X, d.Y), fmt.Sprintf("%s, %s: %s, 95 %% interval %s", t.Name, v.Variant, v.Found, v.Found.interval())
			row.Dots = append(row.Dots, d)
		}
		p.Rows = append(p.Rows, row)
	}
	p.Height = plotTop + (float64(len(e.Typologies))+0.6)*rowHeight
	if len(e.Typologies) > 0 {
		for k, v := range e.Typologies[0].Recall {
			x := plotLeft + float64(k)*120
			p.Legend = append(p.Legend, legend{X: x, TextX: x + 10, Y: 8, Path: shape(styled(k).Shape, x, 8), Text: v.Variant, style: styled(k)})
		}
	}
	return p
}

// shape is a marker's outline around a point.
func shape(name string, x, y float64) string {
	const r = 4.0
	switch name {
	case "circle":
		return fmt.Sprintf("M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 -%.1f 0Z", x-r, y, r, r, 2*r, r, r, 2*r)
	case "square":
		return fmt.Sprintf("M%.1f %.1fh%.1fv%.1fh-%.1fZ", x-r, y-r, 2*r, 2*r, 2*r)
	case "diamond":
		return fmt.Sprintf("M%.1f %.1fl%.1f %.1fl-%.1f %.1fl-%.1f -%.1fZ", x, y-r-1, r+1, r+1, r+1, r+1, r+1, r+1)
	}
	return fmt.Sprintf("M%.1f %.1fl%.1f %.1fh-%.1fZ", x, y-r-1, r+1, 2*r+1, 2*r+2)
}

// bar is a part of a bar; Fill is black, hatched or grey.
type bar struct {
	X, Width   float64
	Fill, Says string
}

type barRow struct {
	Y, TextX   float64
	Name, Text string
	Bars       []bar
}

// barPlot shows alerts by severity: true, false, counted apart.
type barPlot struct {
	Width, Height, Left float64
	Unit                string
	Rows                []barRow
	Legend              []legend
}

func (e *Evaluation) severityPlot() barPlot {
	p := barPlot{Width: plotWidth, Left: 100, Unit: "alerts"}
	per := 1.0
	if len(e.Severities) > 0 && e.Severities[0].per > 0 {
		per, p.Unit = e.Severities[0].per, "alerts for 1,000 staff a week"
	}
	most := 0.0
	for _, s := range e.Severities {
		most = max(most, float64(s.True+s.False+s.Apart)/per)
	}
	scale := 0.0
	if most > 0 {
		scale = 380 / most // the rest is for what stands behind the bar
	}
	for i, s := range e.Severities {
		row := barRow{Y: plotTop + float64(i)*rowHeight, Name: string(s.Severity)}
		x := p.Left
		for _, part := range []struct {
			n          int
			fill, name string
		}{{s.True, "#000", "true"}, {s.False, "url(#false)", "false"}, {s.Apart, "#bbb", "counted apart"}} {
			w := float64(part.n) / per * scale
			row.Bars = append(row.Bars, bar{X: x, Width: w, Fill: part.fill, Says: fmt.Sprintf("%s, %s: %d", s.Severity, part.name, part.n)})
			x += w
		}
		row.TextX, row.Text = x+8, fmt.Sprintf("%s: %d true, %d false, %d apart", decimals(float64(s.True+s.False+s.Apart)/per), s.True, s.False, s.Apart)
		p.Rows = append(p.Rows, row)
	}
	p.Height = plotTop + float64(len(e.Severities))*rowHeight + 10
	for i, l := range []legend{{Text: "true", style: style{Fill: "#000"}}, {Text: "false", style: style{Fill: "url(#false)"}}, {Text: "counted apart", style: style{Fill: "#bbb"}}} {
		l.X, l.Y = p.Left+float64(i)*120, 8
		l.TextX, l.Path = l.X+10, shape("square", l.X, l.Y)
		p.Legend = append(p.Legend, l)
	}
	return p
}

// curve is a share of planted misuse that was found within a time.
type curve struct {
	Path, Says string
	style
}

// stepPlot shows the time to the first alert; a curve ends at the recall of its variant.
type stepPlot struct {
	Width, Height, Left, Right, Top, Bottom float64
	X, Y                                    []tick
	Curves                                  []curve
	Legend                                  []legend
}

func (e *Evaluation) delayPlot() stepPlot {
	p := stepPlot{Width: plotWidth, Height: plotTop + delayHigh + 30, Left: 60, Right: plotRight, Top: plotTop, Bottom: plotTop + delayHigh}
	until := float64(delayUntil / time.Minute)
	for _, d := range e.Delays {
		until = max(until, d.Max.Minutes())
	}
	x := func(d time.Duration) float64 {
		return p.Left + math.Log1p(max(0, d.Minutes()))/math.Log1p(until)*(p.Right-p.Left)
	}
	y := func(share float64) float64 { return p.Bottom - share*delayHigh }
	for _, t := range []struct {
		d    time.Duration
		text string
	}{{0, "at once"}, {10 * time.Minute, "10 min"}, {time.Hour, "1 h"}, {24 * time.Hour, "1 d"}, {7 * 24 * time.Hour, "7 d"}, {30 * 24 * time.Hour, "30 d"}, {delayUntil, "90 d"}} {
		p.X = append(p.X, tick{x(t.d), t.text})
	}
	for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
		p.Y = append(p.Y, tick{y(v), fmt.Sprintf("%g", v)})
	}
	k := 0
	for _, d := range e.Delays {
		if d.Variant == all || d.By != byAny || d.Planted == 0 {
			continue
		}
		var path strings.Builder
		fmt.Fprintf(&path, "M%.1f %.1f", p.Left, p.Bottom)
		for i, after := range d.all {
			fmt.Fprintf(&path, "H%.1fV%.1f", x(after), y(float64(i+1)/float64(d.Planted)))
		}
		fmt.Fprintf(&path, "H%.1f", p.Right)
		p.Curves = append(p.Curves, curve{Path: path.String(), Says: fmt.Sprintf("%s: %d of %d found", d.Variant, d.Found, d.Planted), style: styled(k)})
		lx := p.Left + float64(k)*150
		p.Legend = append(p.Legend, legend{X: lx, TextX: lx + 46, Y: 8, Path: fmt.Sprintf("M%.1f 8h40", lx), Text: d.Variant, style: styled(k)})
		k++
	}
	return p
}
