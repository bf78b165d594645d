package demo

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/evaluate"
	"probity/internal/sim"
)

func (s *show) opening() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", s.screen.paint(bold, fmt.Sprintf("Probity watches a simulated police force: %d staff, %s, seed %d.", s.Staff, plural(s.Days, "day"), s.Seed)))
	for _, line := range []string{
		"Every person and record below is invented. The logs of Niche, PNC, STORM, Crime Management and Microsoft 365 are growing now; misuse is hidden in them.",
		fmt.Sprintf("The daemon that reads them is the real one. Its metrics, which name nobody: http://%s/metrics", s.daemon.Addr()),
		"What an alert lists under for speaks for misuse, under against in favour of the person.",
		fmt.Sprintf("Everything lies in %s%s", s.folder.path, map[bool]string{false: ", which is removed at the end"}[s.Keep]),
	} {
		for _, l := range wrap(line, s.screen.width) {
			b.WriteString(l + "\n")
		}
	}
	return b.String()
}

// progress is the bottom line.
func (s *show) progress(at time.Time, lines int) {
	s.screen.status(fmt.Sprintf("  %s   %s, %s", at.UTC().Format("Mon 02 Jan 15:04"), plural(lines, "line"), plural(s.printer.count(), "alert")))
}

// conclude looks at what the daemon left, says what was found and missed, and returns what did not agree.
func (s *show) conclude() error {
	p, err := s.prove()
	if err != nil {
		return fmt.Errorf("looking at what the daemon left: %w", err)
	}
	r := s.final
	for reason, n := range r.by("probity_rejects_total", "reason") {
		if n > 0 {
			p.fault("%s valid records were rejected (%s)", thousands(n), reason)
		}
	}
	report := evaluate.Judge(truths(s.force.Truth()), p.delivered)
	s.screen.status("")
	s.screen.print(s.summary(p, r, report))
	return errors.Join(p.faults...)
}

func (s *show) summary(p *proof, r readings, report evaluate.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", s.screen.paint(bold, "What happened"))
	fmt.Fprintf(&b, "  %s lines written, %s events judged, %s rejected, %s later than allowed\n",
		thousands(float64(s.feed.lines)), thousands(r.sum("probity_events_total")), thousands(r.sum("probity_rejects_total")), thousands(r.sum("probity_events_late_total")))
	fmt.Fprintf(&b, "  %s in %s; %s matches held back because a table could not say, %s by an exception\n",
		plural(p.committed, "alert"), plural(len(p.delivered), "revision"), thousands(r.sum("probity_rule_undecided_total")), thousands(r.sum("probity_rule_suppressed_total")))
	if held := most(r.by("probity_rule_undecided_total", "rule"), 3); held != "" {
		fmt.Fprintf(&b, "  most of what is held back: %s\n", held)
	}
	if len(p.faults) == 0 {
		fmt.Fprintf(&b, "  every committed revision arrived in the alert file and on this screen; the evidence chain of %d entries is whole\n", p.entries)
	}
	b.WriteString("\n")
	var tables strings.Builder
	if err := report.WriteText(&tables); err != nil {
		panic(err) // writing to memory
	}
	for line := range strings.Lines(tables.String()) {
		b.WriteString(strings.TrimRight("  "+line, " \n") + "\n")
	}
	s.missed(&b, r, report.Missed())
	return b.String()
}

// missed lists what was missed under each reason.
func (s *show) missed(b *strings.Builder, r readings, missed []evaluate.Verdict) {
	if len(missed) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", s.screen.paint(bold, "Why some was missed"))
	var reasons []string
	under := map[string][]string{}
	for _, v := range missed {
		reason := why(v, r)
		if under[reason] == nil {
			reasons = append(reasons, reason)
		}
		under[reason] = append(under[reason], fmt.Sprintf("%s (%s)", v.Typology, v.Variant))
	}
	for _, reason := range reasons {
		for i, line := range wrap(reason+": "+strings.Join(under[reason], ", "), s.screen.width-4) {
			fmt.Fprintf(b, "  %s%s\n", map[bool]string{false: "  "}[i == 0], line)
		}
	}
}

// why says as much as the metrics know of a miss. A typology is meant for the rule of the same name.
func why(v evaluate.Verdict, r readings) string {
	rule := strings.ReplaceAll(v.Typology, "-", "_")
	matches, inForce := r.by("probity_rule_matches_total", "rule")[rule]
	undecided := r.by("probity_rule_undecided_total", "rule")[rule]
	suppressed := r.by("probity_rule_suppressed_total", "rule")[rule]
	unknown := r.by("probity_rule_unknown_total", "rule")[rule]
	switch {
	case !inForce:
		return "no rule for it is shipped yet"
	case undecided > 0:
		return fmt.Sprintf("its rule holds back %s matches until a newer table can say", thousands(undecided))
	case suppressed > 0:
		return fmt.Sprintf("exceptions of its rule held back %s matches", thousands(suppressed))
	case matches > 0:
		return fmt.Sprintf("its rule matched %s times, but never often enough within its timespan, or others only", thousands(matches))
	case unknown > 0:
		return fmt.Sprintf("its rule met %s records that lack a field it asks for", thousands(unknown))
	}
	return "nothing in the logs met its rule's condition"
}

// truths hands the simulator's answers to evaluate, which does not know the simulator.
func truths(planted []sim.Truth) []evaluate.Truth {
	out := make([]evaluate.Truth, len(planted))
	for i, t := range planted {
		out[i] = evaluate.Truth{Typology: t.Typology, Variant: t.Variant, Person: t.Person, First: t.First, Last: t.Last}
		for _, e := range t.Events {
			out[i].Events = append(out[i].Events, evaluate.Ref(e))
		}
	}
	return out
}

// most names the n largest counts.
func most(counts map[string]float64, n int) string {
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	var out []string
	for _, name := range names[:min(n, len(names))] {
		if counts[name] > 0 {
			out = append(out, fmt.Sprintf("%s %s", name, thousands(counts[name])))
		}
	}
	return strings.Join(out, ", ")
}

// plural writes a count of things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(float64(n)) + " " + thing
}

// thousands writes a count with commas.
func thousands(n float64) string {
	digits := fmt.Sprintf("%.0f", n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
