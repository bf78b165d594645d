package dashboard

import "slices"

// pipeline is whether every record arrives, is judged in time, and what was found reaches somebody.
func pipeline() Dashboard {
	return built("probity-pipeline", "Probity: pipeline health",
		"Is every source arriving, is anything lost, is it judged in time, and does what is found reach somebody?",
		"now-6h",
		[]Variable{
			choice("source", "Source", "One log, or all.", "probity_records_total"),
			choice("sink", "Sink", "Where alerts go.", "probity_sink_up"),
			choice("table", "Table", "A lookup table.", "probity_table_rows"),
		},
		slices.Concat(glance(), arriving(), lost(), working(), delivering(), keeping(), receiving())...)
}

func glance() []*Panel {
	return []*Panel{
		row("At a glance"),
		tile("Daemon", "Whether Prometheus can scrape it. A daemon that is down misses nothing for ever: it goes on where it stopped.", "daemon.md#probitydown").
			query("daemon", `min(up{i} and on (instance, job) last_over_time(probity_build_info[1d]))`).unit("none").word("0", "DOWN", bad).word("1", "up", good).below(bad).from(1, good).none("never seen"),
		tile("Blind sources", "Sources whose paths match no file.", "sources.md#probitysourcewithoutfiles").
			query("sources", `count(probity_source_files{i,source} == 0) or vector(0)`).whole().below(good).from(1, bad),
		tile("Bytes lost, stretches", "Stretches of bytes that were gone before they could be read, in the time shown.", "sources.md#probitybyteslost").
			query("stretches", `sum(increase(probity_gaps_total{i,source}[$__range]))`).whole().below(good).from(0.5, bad),
		tile("Rules and tables", "Whether what stands in the files was put in force at the last reload.", "daemon.md#probityreloadrefused").
			query("last reload", `min(probity_config_last_reload_successful{i})`).unit("none").word("0", "REFUSED", bad).word("1", "in force", good).below(bad).from(1, good),
		tile("Sinks down", "Sinks that take nothing; their alerts wait.", "delivery.md#probitysinkdown").
			query("sinks", `count(probity_sink_up{i,sink} == 0) or vector(0)`).whole().below(good).from(1, bad),
		tile("Evidence", "Whether the evidence log held what was signed, when it was signed last.", "evidence.md#probityevidencebroken").
			query("evidence", `min(probity_evidence_intact{i})`).unit("none").word("0", "BROKEN", bad).word("1", "intact", good).below(bad).from(1, good).none("not signed"),
	}
}

func arriving() []*Panel {
	return []*Panel{
		row("Is every source arriving?"),
		lines("Records", "Records read, by source. A line at 0 while people work is a log that does not come.", "sources.md#probitysourcesilent").
			query("{{source}}", `sum by (source) (rate(probity_records_total{i,source}[$__rate_interval]))`).unit("suffix: /s").strokes(systems),
		lines("Silence", "Time since a record was read last, by this machine's clock; since the start if none has been.", "sources.md#probitysourcesilent").
			query("{{source}}", `max by (source) (time() - probity_source_last_read_timestamp_seconds{i,source})`).unit("s").strokes(systems).from(3600, watch),
		lines("Bytes", "Bytes read, by source.", "sources.md#probitysourcebehind").
			query("{{source}}", `sum by (source) (rate(probity_bytes_total{i,source}[$__rate_interval]))`).unit("Bps").strokes(systems),
		lines("Lag in time", "Reading time less event time of the newest event read. It includes how long the system itself takes to write.", "sources.md#probitysourcebehind").
			query("{{source}}", `max by (source) (probity_source_lag_seconds{i,source})`).unit("s").strokes(systems),
		lines("Lag in bytes", "Bytes that are known to wait unread. A line that does not come down is a daemon that cannot keep up, or may not read.", "sources.md#probitysourcebehind").
			query("{{source}}", `max by (source) (probity_source_lag_bytes{i,source})`).unit("bytes").strokes(systems).from(64<<20, watch),
		lines("Clock skew", "The least lag of an hour. Below 0 a source's clock is ahead of ours, or its zone is wrong; a step of 3600 s is a time zone.", "sources.md#probityclockahead").
			query("{{source}}", `min by (source) (min_over_time(probity_source_lag_seconds{i,source}[1h]))`).unit("s").strokes(systems),
		lines("Watermark behind now", "How far back in event time a source may still tell something. Rules over absence wait for it.", "sources.md#watermarks").
			query("{{source}}", `max by (source) (time() - probity_source_watermark_timestamp_seconds{i,source})`).unit("s").strokes(systems),
		lines("Newest event behind now", "Age of the newest event read, by its own time.", "sources.md#probitysourcesilent").
			query("{{source}}", `max by (source) (time() - probity_source_last_event_timestamp_seconds{i,source})`).unit("s").strokes(systems),
		table("Files and columns", "Files that a source's paths match, columns that its format reads and the log does not have, errors while looking for or reading files.", "sources.md#probitycolumnsabsent", "source").
			query("files", `min by (source) (probity_source_files{i,source})`).
			query("columns absent", `max by (source) (probity_source_columns_absent{i,source})`).
			query("errors", `sum by (source) (increase(probity_source_errors_total{i,source}[$__range]))`).whole(),
	}
}

func lost() []*Panel {
	return []*Panel{
		row("Is anything lost?"),
		lines("Share rejected", "Records that could not be decoded, by all that were read. They are kept whole among the rejects and judged by no rule.", "sources.md#probityrecordsrejected").
			query("{{source}}", `1 - sum by (source) (rate(probity_events_total{i,source}[$__rate_interval])) / sum by (source) (rate(probity_records_total{i,source}[$__rate_interval]) > 0)`).
			unit("percentunit").strokes(systems).from(0.01, bad),
		bars("Rejects by reason", "Why they could not be decoded.", "sources.md#probityrecordsrejected").
			query("{{source}} {{reason}}", `sum by (source, reason) (increase(probity_rejects_total{i,source}[$__interval]))`).whole().strokes(systems),
		bars("Gaps by reason", "Stretches of bytes that were gone before they could be read. Each is in the evidence with file and place.", "sources.md#probitybyteslost").
			query("{{source}} {{reason}}", `sum by (source, reason) (increase(probity_gaps_total{i,source}[$__interval])) > 0`).whole().strokes(systems),
		lines("Late events", "Events that came later than their source is allowed, by all of it. They are judged, but a rule over absence may have decided before.", "sources.md#probityeventslate").
			query("{{source}}", `sum by (source) (rate(probity_events_late_total{i,source}[$__rate_interval])) / sum by (source) (rate(probity_events_total{i,source}[$__rate_interval]) > 0)`).
			unit("percentunit").strokes(systems).from(0.01, watch),
		tile("Bytes unaccounted for", "Bytes by which what was there differs from what was judged, rejected or declared lost, of ended days. Anything but 0 is a fault of Probity or of whoever changes logs.", "sources.md#probitybytesunaccounted").
			query("bytes", `sum(increase(probity_source_unaccounted_bytes_total{i,source}[$__range]))`).unit("bytes").below(good).from(0.5, bad).size(8, 8),
		tile("Undecided, and out of time", "Matches that a table never decided within the rule's decide_within. They accuse nobody.", "detection.md#probityundecidedexpired").
			query("matches", `sum(increase(probity_undecided_expired_total{i}[$__range]))`).whole().below(good).from(0.5, watch).size(8, 8),
		tile("Judged with unreadable bytes", "Records that are not valid UTF-8, in the time shown. They were judged; the fields with such bytes are missing, and missing accuses nobody.", "sources.md#bytes-that-are-not-utf-8").
			query("records", `sum(increase(probity_events_invalid_utf8_total{i,source}[$__range]))`).whole().below(good).from(0.5, watch).size(8, 8),
	}
}

func working() []*Panel {
	return []*Panel{
		row("Is it judged in time?"),
		lines("Commit time", "Time a commit takes: half of them, and 99 in 100. It is mostly the disk's fsync.", "daemon.md#probitycommitslow").
			query("half", `histogram_quantile(0.5, sum by (le) (rate(probity_commit_seconds_bucket{i}[$__rate_interval])))`).
			query("99 in 100", `histogram_quantile(0.99, sum by (le) (rate(probity_commit_seconds_bucket{i}[$__rate_interval])))`).
			unit("s").strokes(quantiles).from(1, bad),
		lines("Batch time", "From a batch being read to its commit: decoding, evaluation and commit.", "daemon.md#probitycommitslow").
			query("half", `histogram_quantile(0.5, sum by (le) (rate(probity_batch_seconds_bucket{i}[$__rate_interval])))`).
			query("99 in 100", `histogram_quantile(0.99, sum by (le) (rate(probity_batch_seconds_bucket{i}[$__rate_interval])))`).
			unit("s").strokes(quantiles),
		lines("Evaluation time an event", "Time in rules' conditions, sampled, by events decoded.", "rules.md#what-a-rule-costs").
			query("an event", `sum(rate(probity_rule_evaluation_seconds_total{i}[$__rate_interval])) / sum(rate(probity_events_total{i}[$__rate_interval]) > 0)`).unit("s"),
		lines("Records a batch", "Mean size of a batch: near 1 when quiet, thousands when catching up.", "daemon.md#probitycommitslow").
			query("{{instance}}", `rate(probity_batch_records_sum{i}[$__rate_interval]) / (rate(probity_batch_records_count{i}[$__rate_interval]) > 0)`).unit("short"),
		bars("Commits that failed", "Commits that failed and were tried again. Reading is stopped meanwhile; nothing is lost.", "daemon.md#probitycommitsfailing").
			query("failed", `sum(increase(probity_commit_failures_total{i}[$__interval]))`).whole().from(1, bad),
		lines("Commits", "Commits a second. 0 for a minute is a loop that does not turn, unless every source is quiet.", "daemon.md#probitycommitsfailing").
			query("{{instance}}", `rate(probity_commits_total{i}[$__rate_interval])`).unit("ops"),
	}
}

func delivering() []*Panel {
	return []*Panel{
		row("Does it reach somebody?"),
		lines("Age of the outbox", "How long the oldest waiting revision has waited. A sink with a digest may have a day.", "delivery.md#probityoutboxstuck").
			query("{{sink}}", `max by (sink) (probity_outbox_oldest_seconds{i,sink})`).unit("s").from(3600, bad),
		lines("Waiting revisions", "Alert revisions that wait for a sink. At pipeline.outbox_revisions reading stops.", "delivery.md#probityoutboxstuck").
			query("{{sink}}", `sum by (sink) (probity_outbox_revisions{i,sink})`).whole(),
		lines("Duration of an attempt", "Nine in ten attempts take no longer.", "delivery.md#probitysinkdown").
			query("{{sink}}", `histogram_quantile(0.9, sum by (le, sink) (rate(probity_delivery_duration_seconds_bucket{i,sink}[$__rate_interval]) > 0))`).unit("s"),
		table("Sinks", "Whether each takes anything, what it refused for ever, and what went wrong in the time shown. A sink with a ceiling refuses what is marked higher: that is meant so.", "delivery.md#probitysinkdown", "sink").
			query("up", `min by (sink) (probity_sink_up{i,sink})`).
			query("delivered", `sum by (sink) (increase(probity_deliveries_total{i,sink}[$__range]))`).
			query("failed, tried again", `sum by (sink) (increase(probity_delivery_failures_total{i,sink,kind="temporary"}[$__range]))`).
			query("refused for ever", `max by (sink) (probity_outbox_undeliverable_revisions{i,sink})`).
			query("outbox errors", `sum by (sink) (increase(probity_outbox_errors_total{i,sink}[$__range]))`).
			whole().cells("up", "none", Property{"mappings", []Mapping{{"value", map[string]Word{"0": {"DOWN", bad, 0}, "1": {"up", good, 1}}}}}).size(24, 7),
	}
}

func keeping() []*Panel {
	return []*Panel{
		row("Memory, disk, tables and evidence"),
		lines("Window memory", "What the windows of all rules take, by pipeline.memory_bytes. At 100 % the rule that takes most gives up what is oldest, and says so.", "daemon.md#probitymemorynearbudget").
			query("{{instance}}", `probity_state_bytes{i} / (probity_state_limit_bytes{i} > 0)`).unit("percentunit").atMost(1).from(0.9, watch),
		lines("Windows", "Windows held: one a rule and group key.", "daemon.md#probitymemorynearbudget").
			query("{{instance}}", `probity_state_windows{i}`).whole(),
		lines("Memory of the process", "What the system gave the daemon, and what of it Go uses.", "daemon.md#probitymemorynearbudget").
			query("resident", `process_resident_memory_bytes{i} and on (instance) probity_build_info{i}`).
			query("heap", `go_memstats_heap_inuse_bytes{i} and on (instance) probity_build_info{i}`).unit("bytes"),
		table("Horizons", "Rules that gave up what they held of the time before, because memory was short. Their windows that begin before it are not judged.", "daemon.md#probitymemoryhorizonraised", "rule").
			query("gave up what was before", `max by (rule) (probity_rule_horizon_timestamp_seconds{i}) * 1000`).unit("dateTimeAsIso"),
		lines("Room on disk", "What is free of the file system of the state folder. Without any, reading stops.", "daemon.md#probitystatediskfull").
			query("{{instance}}", `probity_state_disk_free_bytes{i} / probity_state_disk_bytes{i}`).unit("percentunit").atMost(1).below(bad).from(0.1, calm),
		table("Tables", "How old each export is, and how many of its rows are read as unknown because of a fault. A stale table answers unknown: rules that ask it fall silent.", "daemon.md#probitytablestale", "table").
			query("age", `max by (table) (time() - probity_table_exported_timestamp_seconds{i,table})`).
			query("stale", `max by (table) (probity_table_stale{i,table})`).
			query("rows", `max by (table) (probity_table_rows{i,table})`).
			query("faulty rows", `max by (table) (probity_table_findings{i,table})`).
			whole().cells("age", "s").cells("stale", "none", Property{"mappings", []Mapping{{"value", map[string]Word{"0": {"fresh", good, 0}, "1": {"STALE", bad, 1}}}}}).sortBy("age"),
		lines("Signed evidence", "Entries that the newest checkpoint covers. A flat line while alerts are raised is a log that is not signed.", "evidence.md#probitycheckpointfailing").
			query("{{instance}}", `probity_evidence_checkpoint_entries{i}`).whole(),
		lines("Age of the witness", "How long ago a witness took the newest checkpoint.", "evidence.md#probitywitnesssilent").
			query("{{witness}}", `max by (witness) (probity_evidence_witness_age_seconds{i})`).unit("s").from(3600, bad),
		table("Running", "Versions in force, reloads, and when each daemon started.", "daemon.md#probityrestarting", "instance").
			query("rules", `max by (instance) (probity_rules{i})`).
			query("reloads refused", `sum by (instance) (increase(probity_reloads_total{i,result="refused"}[$__range]))`).
			query("in force since", `max by (instance) (probity_config_last_reload_success_timestamp_seconds{i}) * 1000`).
			query("running since", `max by (instance) (process_start_time_seconds{i} and on (instance) probity_build_info{i}) * 1000`).
			query("signing failed", `sum by (instance) (increase(probity_evidence_checkpoint_failures_total{i}[$__range]))`).
			whole().cells("in force since", "dateTimeAsIso").cells("running since", "dateTimeAsIso"),
		table("Generations", "The rules and tables in force, by their hash: the same on every daemon that is to judge alike.", "daemon.md#probityreloadrefused", "generation").
			query("daemons", `count by (generation) (probity_generation_info{i})`).whole().size(16, 5),
		table("Versions", "Which program runs on how many machines.", "daemon.md#probityrestarting", "version").
			query("daemons", `count by (version) (probity_build_info{i})`).whole().size(8, 5),
	}
}

func receiving() []*Panel {
	return []*Panel{
		row("Sources that listen"),
		lines("Messages received", "Messages taken into the spool.", "sources.md#probitylistenerdropping").
			query("{{source}}", `sum by (source) (rate(probity_listener_messages_total{i,source}[$__rate_interval]))`).unit("suffix: /s").strokes(systems),
		lines("Bytes received", "Bytes of these messages.", "sources.md#probitylistenerdropping").
			query("{{source}}", `sum by (source) (rate(probity_listener_bytes_total{i,source}[$__rate_interval]))`).unit("Bps").strokes(systems),
		bars("Dropped", "Messages that were received and are lost. Each is in a gap, too.", "sources.md#probitylistenerdropping").
			query("{{source}} {{reason}}", `sum by (source, reason) (increase(probity_listener_dropped_total{i,source}[$__interval]))`).whole().strokes(systems),
		bars("Errors", "What was wrong with messages, connections and the spool.", "sources.md#probitylistenererrors").
			query("{{source}} {{reason}}", `sum by (source, reason) (increase(probity_listener_errors_total{i,source}[$__interval])) > 0`).whole().strokes(systems),
		lines("Connections", "Connections that are open.", "sources.md#probitylistenererrors").
			query("{{source}}", `sum by (source) (probity_listener_connections{i,source})`).whole().strokes(systems),
		lines("Spool", "What the spool takes on disk. A full one stops TCP and loses datagrams.", "sources.md#probitylistenerdropping").
			query("{{source}}", `sum by (source) (probity_listener_spool_bytes{i,source})`).unit("bytes").strokes(systems),
	}
}
