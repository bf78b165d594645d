// Package dashboard is what the Grafana dashboards in dashboards/ show, written so that it can be read: one line of Go a query.
// It imports nothing of ours, runs nothing and is part of no binary; its test writes the JSON (go test ./internal/dashboard
// -update) and holds it in step.
//
// # Queries
//
// {i} after a metric stands for {instance=~"$instance"}; {i,source} adds source=~"$source", and so for every variable;
// {i,source,reason="late"} passes a whole matcher on. Everything else is PromQL. No query names a person or a record, because no
// label does.
//
// # What is checked, and what is not
//
// The tests of this package check identity, layout, units, colours, links and names. With the tag prometheus they run every
// query, and every rule of deploy/prometheus, against a real Prometheus that scrapes a real daemon. .ci/grafana holds the JSON
// against Grafana's published types. None of that renders a dashboard: no Grafana takes part.
//
// # Colours
//
// Okabe and Ito's, which people with any of the common colour vision deficiencies can tell apart, and never alone: severities
// have a dash pattern of their own, states a word, and every line its name and value in the legend. Series of an open set
// (rules, sinks, tables) are shades of one colour.
package dashboard
