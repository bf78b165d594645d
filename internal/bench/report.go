package bench

import (
	"cmp"
	"runtime"
	"slices"
)

// Report is what a run found. Its rates are medians of the rounds; a ratio is the median of the ratios within each round.
type Report struct {
	Go      string    `json:"go"`
	System  string    `json:"system"`
	Lines   int       `json:"lines"`
	Rounds  int       `json:"rounds"`
	Seed    uint64    `json:"seed"`
	Results []*Result `json:"results"`
	Scaling []Scaling `json:"scaling,omitempty"`
}

// Result is one log judged by one set of rules on some cores.
type Result struct {
	Log       string  `json:"log"`
	LineBytes int     `json:"line_bytes"`
	Rules     string  `json:"rules"`
	RuleCount int     `json:"rule_count"`
	Cores     int     `json:"cores"`
	PerSecond float64 `json:"events_per_second"`
	Slowest   float64 `json:"events_per_second_least"` // of the rounds
	Fastest   float64 `json:"events_per_second_most"`

	Matches float64 `json:"matches_per_event"` // that counted towards a hit, of all rules

	CPU    float64            `json:"cpu_ns_per_event"`
	Stages map[string]float64 `json:"stages_cpu_ns_per_event"`
	Allocs float64            `json:"allocations_per_event"`
	Bytes  float64            `json:"allocated_bytes_per_event"`
	Peak   int64              `json:"peak_memory_bytes"`
	Alerts int                `json:"alerts"`

	Floors map[string]float64 `json:"floors_per_second"` // lines/s of each floor, in the same run
	Ratios map[string]float64 `json:"ratios"`            // of the whole path's rate to each floor's
	OfCPU  map[string]float64 `json:"cpu_ratios"`        // of each floor's CPU a line to the whole path's: what Ratios would be if nobody else used the cores and no disk was waited for
	Cost   float64            `json:"cpu_ratio"`         // of CPU per event to that with the rules Beside over the same log
	Beside string             `json:"cpu_ratio_to"`
}

// Scaling is what more cores gave, and what they gave to decoding alone.
type Scaling struct {
	Log     string  `json:"log"`
	Rules   string  `json:"rules"`
	From    int     `json:"from_cores"`
	To      int     `json:"to_cores"`
	Whole   float64 `json:"whole"`
	Decode  float64 `json:"decode"`
	Against float64 `json:"against_decode"`
}

// floorKinds are what nobody can be faster than, from the slowest.
var floorKinds = []string{"decode", "fastjson", "newline"}

func (b *bench) report() (*Report, error) {
	r := &Report{Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Lines: b.Lines, Rounds: b.Rounds, Seed: b.Seed}
	for _, v := range b.variants {
		if !v.whole {
			continue
		}
		res, err := b.result(v)
		if err != nil {
			return nil, err
		}
		r.Results = append(r.Results, res)
		if s, ok := b.scaling(v); ok {
			r.Scaling = append(r.Scaling, s)
		}
	}
	return r, nil
}

func (b *bench) result(v *variant) (*Result, error) {
	lines := float64(b.Lines)
	rates := v.each(func(c cost) float64 { return lines / c.wall.Seconds() })
	res := &Result{
		Log: v.log.name, LineBytes: v.log.length, Rules: v.kind, RuleCount: v.rules, Cores: v.cores, Alerts: v.alerts, Matches: v.matches / lines,
		PerSecond: median(rates), Slowest: slices.Min(rates), Fastest: slices.Max(rates),
		CPU:    median(v.each(func(c cost) float64 { return float64(c.cpu) / lines })),
		Allocs: median(v.each(func(c cost) float64 { return float64(c.allocs) / lines })),
		Bytes:  median(v.each(func(c cost) float64 { return float64(c.allocated) / lines })),
		Stages: map[string]float64{}, Floors: map[string]float64{}, Ratios: map[string]float64{}, OfCPU: map[string]float64{},
	}
	for _, c := range v.costs {
		res.Peak = max(res.Peak, c.peak)
	}
	p, err := merged(b.profiles(func(o *variant) bool { return o == v }))
	if err != nil {
		return nil, err
	}
	shares, err := stagesOf(p)
	if err != nil {
		return nil, err
	}
	for stage, share := range shares {
		res.Stages[stage] = share * res.CPU
	}
	for _, kind := range floorKinds {
		if f := b.find(v.log, v.cores, kind); f != nil {
			res.Floors[kind] = lines / median(f.each(cost.seconds))
			res.Ratios[kind] = median(against(f.each(cost.seconds), v.each(cost.seconds)))
			res.OfCPU[kind] = median(against(f.each(cost.cpuSeconds), v.each(cost.cpuSeconds)))
		}
	}
	first := b.first(v)
	res.Beside, res.Cost = first.kind, median(against(v.each(cost.cpuSeconds), first.each(cost.cpuSeconds)))
	return res, nil
}

// first is what the cost of rules is held against: the fewest generated ones if v has generated rules, else v itself.
func (b *bench) first(v *variant) *variant {
	if len(b.Generated) > 0 && v.generated {
		return b.find(v.log, v.cores, generatedName(b.Generated[0]))
	}
	return v
}

// scaling compares a variant with the same on the first number of cores.
func (b *bench) scaling(v *variant) (Scaling, bool) {
	from := b.Cores[0]
	if v.cores == from {
		return Scaling{}, false
	}
	one, floor, floorOne := b.find(v.log, from, v.kind), b.find(v.log, v.cores, "decode"), b.find(v.log, from, "decode")
	whole := against(one.each(cost.seconds), v.each(cost.seconds))
	alone := against(floorOne.each(cost.seconds), floor.each(cost.seconds))
	return Scaling{
		Log: v.log.name, Rules: v.kind, From: from, To: v.cores, Whole: median(whole), Decode: median(alone), Against: median(against(whole, alone)),
	}, true
}

func (c cost) seconds() float64    { return c.wall.Seconds() }
func (c cost) cpuSeconds() float64 { return c.cpu.Seconds() }

func (v *variant) each(of func(cost) float64) []float64 {
	out := make([]float64, len(v.costs))
	for i, c := range v.costs {
		out[i] = of(c)
	}
	return out
}

// against divides round by round.
func against(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / cmp.Or(b[i], 1)
	}
	return out
}

func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	n := len(s)
	return (s[n/2] + s[(n-1)/2]) / 2
}
