package dashboard

// rules is what each rule costs, and how much of what it says is noise.
func rules() Dashboard {
	return built("probity-rules", "Probity: rule cost and noise",
		"For those who tune rules: what each costs, what it matches, what is held back, and where fields or tables leave it in the dark.",
		"now-24h",
		[]Variable{
			choice("severity", "Severity", "Of the rule.", "probity_alerts_total"),
			choice("rule", "Rule", "One rule, or all.", "probity_alerts_total"),
		},
		row("Now"),
		tile("Rules in force", "Of one daemon, the fewest.", "rules.md#probitynorules").
			query("rules", `min(probity_rules{i})`).whole().below(bad).from(1, good),
		tile("Time in rules", "Share of one core that conditions take.", "rules.md#what-a-rule-costs").
			query("of a core", `sum(rate(probity_rule_evaluation_seconds_total{i,severity,rule}[$__range]))`).unit("percentunit").below(good).from(0.5, watch).from(0.9, bad),
		tile("Run-time errors", "Of rules' expressions, in the time shown. Such an event was judged by all other rules.", "rules.md#probityruleerrors").
			query("errors", `sum(increase(probity_rule_errors_total{i,severity,rule}[$__range]))`).whole().below(good).from(0.5, bad),
		tile("Exceptions that expired", "They hold nothing back any more: renew or remove them.", "rules.md#probityexceptionsexpired").
			query("exceptions", `sum(probity_rule_exceptions_expired{i,severity,rule}) or vector(0)`).whole().below(good).from(1, watch),
		tile("Rules that cannot fire", "A source, field or table that they need is missing; /readyz and probity coverage say which.", "rules.md#rules-that-cannot-fire").
			query("rules", `count(max by (rule) (probity_rule_active{i,rule}) == 0) or vector(0)`).whole().below(good).from(1, watch),
		tile("Held back by a table", "Matches that wait for a newer table, in the time shown.", "rules.md#what-is-unknown").
			query("matches", `sum(increase(probity_rule_undecided_total{i,severity,rule}[$__range]))`).whole(),
		tile("Matches an alert", "How many matches stand behind one alert.", "rules.md#noise").
			query("matches", `sum(increase(probity_rule_matches_total{i,severity,rule}[$__range])) / (sum(increase(probity_alerts_total{i,severity,rule}[$__range])) > 0)`).unit("short").none("no alerts"),

		row("By rule"),
		table("Every rule", "In the time shown. Sort by any column. Unknown: conditions that a missing field left open. Suppressed: matches held back by an exception.", "rules.md#noise", "rule").
			query("alerts", `sum by (rule) (increase(probity_alerts_total{i,severity,rule}[$__range]))`).
			query("revisions", `sum by (rule) (increase(probity_alert_revisions_total{i,severity,rule}[$__range]))`).
			query("matches", `sum by (rule) (increase(probity_rule_matches_total{i,severity,rule}[$__range]))`).
			query("suppressed", `sum by (rule) (increase(probity_rule_suppressed_total{i,severity,rule}[$__range]))`).
			query("undecided", `sum by (rule) (increase(probity_rule_undecided_total{i,severity,rule}[$__range]))`).
			query("unknown", `sum by (rule) (increase(probity_rule_unknown_total{i,severity,rule}[$__range]))`).
			query("evaluations", `sum by (rule) (increase(probity_rule_evaluations_total{i,severity,rule}[$__range]))`).
			query("time an evaluation", `sum by (rule) (increase(probity_rule_evaluation_seconds_total{i,severity,rule}[$__range])) / sum by (rule) (increase(probity_rule_evaluations_total{i,severity,rule}[$__range]) > 0)`).
			query("share of the time", `sum by (rule) (increase(probity_rule_evaluation_seconds_total{i,severity,rule}[$__range])) / scalar(sum(increase(probity_rule_evaluation_seconds_total{i}[$__range])) > 0)`).
			query("errors", `sum by (rule) (increase(probity_rule_errors_total{i,severity,rule}[$__range]))`).
			whole().cells("time an evaluation", "s", Property{"decimals", 1}).cells("share of the time", "percentunit", bar, Property{"min", 0}, Property{"decimals", 1}).
			sortBy("share of the time").size(24, 14),

		row("What it costs"),
		lines("Time by rule", "Time a second in each rule's condition, sampled: the ten that take most.", "rules.md#probityruleslow").
			query("{{rule}}", `topk(10, sum by (rule) (rate(probity_rule_evaluation_seconds_total{i,severity,rule}[$__rate_interval])))`).unit("s").size(12, 10),
		lines("Evaluations by rule", "How often each is evaluated, after the index: the ten that are asked most. A rule that names its dataset and action is asked less.", "rules.md#what-a-rule-costs").
			query("{{rule}}", `topk(10, sum by (rule) (rate(probity_rule_evaluations_total{i,severity,rule}[$__rate_interval])))`).unit("ops").size(12, 10),

		row("What is noise"),
		ranking("Matches", "The rules that match most.", "rules.md#noise").
			query("{{rule}}", `topk(12, sum by (rule) (increase(probity_rule_matches_total{i,severity,rule}[$__range])) > 0)`).whole().size(8, 11).none("no matches"),
		ranking("Suppressed", "The rules whose exceptions hold back most. An exception that holds back nearly all of a rule's matches is a condition to be written.", "rules.md#noise").
			query("{{rule}}", `topk(12, sum by (rule) (increase(probity_rule_suppressed_total{i,severity,rule}[$__range])) > 0)`).whole().size(8, 11).none("nothing suppressed"),
		ranking("Unknown", "Conditions that a missing field left open, by rule. Many are a field that the format does not map.", "rules.md#what-is-unknown").
			query("{{rule}}", `topk(12, sum by (rule) (increase(probity_rule_unknown_total{i,severity,rule}[$__range])) > 0)`).whole().size(8, 11).none("nothing unknown"),
	)
}
