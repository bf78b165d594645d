package evaluate

import (
	"cmp"
	"slices"
)

// figures are what one reads first.
func figures(forces []Assessed) []Figure {
	plain := func(v string) bool { return v == "obvious" || v == "ordinary" }
	anyVariant := func(string) bool { return true }
	found := func(m *finding) bool { return m.Found() }
	told := func(m *finding) bool { return m.told }
	out := []Figure{
		recall(forces, "recall: obvious and ordinary misuse", plain, found),
		recall(forces, "recall: patient misuse", func(v string) bool { return v == "patient" }, found),
		recall(forces, "recall: all misuse", anyVariant, found),
		recall(forces, "told (medium or above): obvious and ordinary misuse", plain, told),
		recall(forces, "told (medium or above): patient misuse", func(v string) bool { return v == "patient" }, told),
	}
	out = append(out,
		shared(forces, "interrupting alerts (critical, high) that are true", (*Assessed).interrupting),
		rated(forces, "interrupting alerts for 1,000 staff a week", func(a *Assessed) int { return a.interrupting().Of }),
		rated(forces, "interrupting alerts counted apart, for 1,000 staff a week", func(a *Assessed) (n int) {
			for _, m := range a.alerts {
				if m.kind != ofMisuse && interrupts(m.severity) {
					n++
				}
			}
			return n
		}),
		shared(forces, "look-alikes alerted on", func(a *Assessed) Share { return a.alike(func(m *finding) bool { return m.Found() }) }),
		shared(forces, "look-alikes with an interrupting alert", func(a *Assessed) Share { return a.alike(func(m *finding) bool { return m.interrupt }) }),
	)
	return slices.DeleteFunc(out, func(f Figure) bool { return f.Rate == nil && f.Share == nil })
}

func (a *Assessed) alike(yes func(*finding) bool) (s Share) {
	for i := range a.lookalikes {
		s.add(yes(&a.lookalikes[i]))
	}
	return s
}

func recall(forces []Assessed, name string, in func(string) bool, yes func(*finding) bool) Figure {
	return shared(forces, name, func(a *Assessed) (s Share) {
		for i := range a.misuse {
			if m := &a.misuse[i]; in(m.Variant) {
				s.add(yes(m))
			}
		}
		return s
	})
}

// shared pools a share, with the spread of its values.
func shared(forces []Assessed, name string, of func(*Assessed) Share) Figure {
	var sum Share
	var values []float64
	for i := range forces {
		s := of(&forces[i])
		sum.Count, sum.Of = sum.Count+s.Count, sum.Of+s.Of
		if v, ok := s.Value(); ok {
			values = append(values, v)
		}
	}
	if sum.Of == 0 {
		return Figure{Name: name}
	}
	return Figure{Name: name, Share: &sum, Spread: spread(values)}
}

// rated pools a rate; there is none if one force does not say its size and time.
func rated(forces []Assessed, name string, of func(*Assessed) int) Figure {
	per := weeks(forces)
	if per == 0 {
		return Figure{Name: name}
	}
	n := 0
	var values []float64
	for i := range forces {
		k := of(&forces[i])
		n += k
		values = append(values, float64(k)/forces[i].thousandStaffWeeks())
	}
	return Figure{Name: name, Rate: rate(n, per), Spread: spread(values)}
}

// typologyScores are in order of their names.
func typologyScores(forces []Assessed) []TypologyScore {
	byName := map[string]*TypologyScore{}
	of := func(name string) *TypologyScore {
		if byName[name] == nil {
			byName[name] = &TypologyScore{Name: name}
			for _, v := range variants(forces) {
				byName[name].Recall = append(byName[name].Recall, VariantShare{Variant: v})
			}
		}
		return byName[name]
	}
	for i := range forces {
		f := &forces[i]
		for k := range f.misuse {
			of(f.misuse[k].Typology).count(&f.misuse[k])
		}
		for k := range f.lookalikes {
			t := of(f.lookalikes[k].Typology)
			t.Lookalikes.add(f.lookalikes[k].Found())
			t.Resembled = append(t.Resembled, f.lookalikes[k].Rules...)
		}
		for _, m := range f.alerts {
			if m.kind != ofMisuse {
				continue
			}
			for _, name := range kinds(f.misuse, m.finds) {
				of(name).Precision.add(true)
			}
			for _, name := range kinds(f.lookalikes, m.resemble) {
				of(name).Precision.add(false)
			}
		}
	}
	var out []TypologyScore
	for _, t := range byName {
		slices.Sort(t.Rules)
		slices.Sort(t.Resembled)
		t.Rules, t.Resembled = slices.Compact(t.Rules), slices.Compact(t.Resembled)
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b TypologyScore) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func (t *TypologyScore) count(m *finding) {
	i := slices.IndexFunc(t.Recall, func(v VariantShare) bool { return v.Variant == m.Variant })
	t.Recall[i].Found.add(m.Found())
	t.Recall[i].Told.add(m.told)
	t.Rules = append(t.Rules, m.Rules...)
}

// kinds are the typologies of some findings, each once.
func kinds(of []finding, some []int) []string {
	var out []string
	for _, i := range some {
		if !slices.Contains(out, of[i].Typology) {
			out = append(out, of[i].Typology)
		}
	}
	return out
}

// ruleFigures are of the rules that fired, by id.
func ruleFigures(forces []Assessed) []RuleFigures {
	byRule := map[string]*RuleFigures{}
	planted := 0
	for i := range forces {
		f := &forces[i]
		planted += len(f.misuse)
		for _, m := range f.alerts {
			r := byRule[m.rule]
			if r == nil {
				r = &RuleFigures{Rule: m.rule, Severity: m.severity, Apart: m.kind != ofMisuse}
				byRule[m.rule] = r
			}
			r.Alerts++
			if m.kind == ofMisuse {
				r.Precision.add(m.true)
			}
		}
		for _, m := range f.misuse {
			own := slices.DeleteFunc(slices.Clone(m.Rules), func(id string) bool { return byRule[id].Apart })
			for _, id := range m.Rules {
				byRule[id].Recall.Count++
				if len(own) == 1 && own[0] == id {
					byRule[id].Alone++
				}
			}
		}
		for _, m := range f.lookalikes {
			for _, id := range m.Rules {
				byRule[id].Lookalikes++
			}
		}
	}
	var out []RuleFigures
	for _, r := range byRule {
		r.Recall.Of = planted
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b RuleFigures) int { return cmp.Compare(a.Rule, b.Rule) })
	return out
}
