package dashboard

// detection is what was found, what became of it, and whether it can be read.
func detection() Dashboard {
	return built("probity-detection", "Probity: detection",
		"What was found, by severity, rule, system and outcome; whether people can keep up with it. Counts, never names: an alert's content is with the role that it is for.",
		"now-7d",
		[]Variable{
			choice("severity", "Severity", "Of the rule.", "probity_alerts_total"),
			choice("rule", "Rule", "One rule, or all.", "probity_alerts_total"),
			choice("dataset", "System", "The system that the records are from.", "probity_alert_datasets_total"),
		},
		row("Now"),
		tile("Open: critical", "Critical alerts that nobody has closed. They are for at once.", "detection.md#probitycriticalalertwaiting").
			query("critical", `sum(probity_alerts_open{i,severity="critical"})`).whole().below(good).from(1, bad).none("no roles"),
		tile("Open: high", "High alerts that nobody has closed. They are for the same day.", "detection.md#open-alerts").
			query("high", `sum(probity_alerts_open{i,severity="high"})`).whole().below(good).from(1, watch).from(20, bad).none("no roles"),
		tile("Open: medium and low", "The others that nobody has closed.", "detection.md#open-alerts").
			query("medium and low", `sum(probity_alerts_open{i,severity=~"medium|low"})`).whole().from(200, watch).none("no roles"),
		tile("Raised", "Alerts raised in the time shown.", "detection.md#what-is-firing").
			query("raised", `sum(increase(probity_alerts_total{i,severity,rule}[$__range]))`).whole(),
		tile("Rules over budget", "Rules that raised more alerts in seven days than the budget says can be read. Theirs go into digests.", "detection.md#probityalertbudgetexceeded").
			query("rules", `count(max by (rule) (probity_alert_budget_used_ratio{i}) > 1) or vector(0)`).whole().below(good).from(1, bad),
		tile("Half are closed within", "Median time from an alert's first revision to its first closing, of all that were ever closed.", "detection.md#time-to-triage").
			query("half", `histogram_quantile(0.5, sum by (le) (probity_alert_triage_seconds_bucket{i,severity}))`).
			unit("s").below(good).from(24*3600, watch).from(72*3600, bad).none("none closed"),

		row("What fires"),
		bars("Alerts by severity", "Alerts raised. A sudden bar is a flood, an outage of a table, or something that happens; a week without any is worth a look at the pipeline.", "detection.md#what-is-firing").
			query("{{severity}}", `sum by (severity) (increase(probity_alerts_total{i,severity,rule}[$__interval]))`).whole().strokes(severities).size(12, 9),
		bars("Alerts by system", "Alerts raised, by the system that their records are from. An alert over two systems counts in both; probity stands for rules over alerts.", "detection.md#what-is-firing").
			query("{{dataset}}", `sum by (dataset) (increase(probity_alert_datasets_total{i,severity,dataset}[$__interval]))`).whole().strokes(systems).size(12, 9),
		ranking("Alerts by rule", "The fifteen rules that raised most in the time shown.", "detection.md#what-is-firing").
			query("{{rule}} · {{severity}}", `topk(15, sum by (rule, severity) (increase(probity_alerts_total{i,severity,rule}[$__range])) > 0)`).whole().size(12, 12).none("no alerts"),
		ranking("Outcomes", "How alerts were closed, since the state folder was made. One that was closed twice counts twice.", "detection.md#precision").
			query("{{outcome}}", `sum by (outcome) (probity_alert_dispositions_total{i,severity,rule})`).whole().strokes(outcomes).size(12, 12).none("none closed"),

		row("Can it be read?"),
		ranking("Alert budget", "Alerts of a rule in seven days, by what one rule may have. From 100 % on they are folded into digests; critical ones are not.", "detection.md#probityalertbudgetexceeded").
			query("{{rule}}", `topk(15, max by (rule) (probity_alert_budget_used_ratio{i,rule}))`).
			unit("percentunit").atMost(1.5).from(0.8, watch).from(1, bad).size(12, 12).none("no budget"),
		table("Precision by rule", "Of the alerts of a rule that were closed, how many were misuse or unintentional. A rule that is always wrong needs an exception or a threshold; one with few closings says little yet.", "detection.md#precision", "rule").
			query("closed", `sum by (rule) (probity_alert_dispositions_total{i,severity,rule})`).
			query("precision", `(sum by (rule) (probity_alert_dispositions_total{i,severity,rule,outcome=~"misuse|unintentional"}) or sum by (rule) (probity_alert_dispositions_total{i,severity,rule}) * 0) / sum by (rule) (probity_alert_dispositions_total{i,severity,rule})`).
			query("raised", `sum by (rule) (probity_alerts_total{i,severity,rule})`).
			whole().cells("precision", "percentunit", bar, Property{"min", 0}, Property{"max", 1}).sortBy("closed").size(12, 12),
		lines("Time to triage", "From an alert's first revision to its first closing, of those that were closed by then: half of them, and nine in ten.", "detection.md#time-to-triage").
			query("half", `histogram_quantile(0.5, sum by (le) (probity_alert_triage_seconds_bucket{i,severity}))`).
			query("nine in ten", `histogram_quantile(0.9, sum by (le) (probity_alert_triage_seconds_bucket{i,severity}))`).
			unit("s").strokes(quantiles).size(8, 8),
		lines("Open alerts", "Alerts that nobody has closed. A line that only rises is a team that cannot keep up: see the budget.", "detection.md#open-alerts").
			query("{{severity}}", `sum by (severity) (probity_alerts_open{i,severity})`).whole().strokes(severities).size(8, 8),
		tile("Nobody may be told", "Revisions that are about everybody who would stand in for each other: no sink may have them. Give a role another alternate.", "delivery.md#probityalertsstranded").
			query("revisions", `sum(increase(probity_alert_revisions_stranded_total{i}[$__range]))`).whole().below(good).from(0.5, bad).size(4, 8),
		tile("Incomplete text", "Alerts whose text could not be completed: what the rule's summary asks for is not there. The alert was raised all the same.", "detection.md#probityalerttextincomplete").
			query("alerts", `sum(increase(probity_alert_errors_total{i}[$__range]))`).whole().below(good).from(0.5, watch).size(4, 8),
	)
}
