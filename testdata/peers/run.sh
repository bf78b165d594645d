#!/usr/bin/env bash
# Ten rules over the same lines: Probity beside sec, mtail and crowdsec as Debian has them. See README.md.
#   run.sh WORKDIR [LINES] [ROUNDS]
# Nothing is installed: the packages are unpacked into WORKDIR. No service is started, and CrowdSec registers with nobody.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=${1:?usage: run.sh WORKDIR [LINES] [ROUNDS]} lines=${2:-200000} rounds=${3:-3}
mkdir -p "$work" && work=$(cd "$work" && pwd) && cd "$work"

if [ ! -x root/usr/bin/crowdsec ]; then
	apt-get download -qq sec mtail crowdsec
	for deb in ./*.deb; do dpkg -x "$deb" root; done
fi
bin=$work/root/usr/bin
(cd "$here/../.." && go build -o "$work/probity" ./cmd/probity)
rm -rf site && ./probity bench --workload peers --lines "$lines" --rounds 1 --dir site >/dev/null
log=$work/site/rms.ndjson

# The same rules in each language. Members stand in the same order on every line, so a pattern can have them side by side.
rm -rf conf && mkdir -p conf/mtail conf/crowdsec/{parsers/s00-raw,parsers/s01-parse,parsers/s02-enrich,scenarios,data,hub,patterns,plugins,notifications}
echo 'counter hits by rule, user' >conf/mtail/peers.mtail
while IFS=$'\t' read -r id verb kind prefix limit within; do
	pattern='"UserID":"([^"]+)".*"Verb":"'$verb'","EntityType":"'$kind'","EntityGUID":"'$prefix
	printf 'type=SingleWithThreshold\nptype=RegExp\npattern=%s\ndesc=%s $1\naction=write %s/sec.out %%s\nwindow=%d\nthresh=%d\n\n' \
		"$pattern" "$id" "$work" "$within" "$limit" >>conf/sec.conf
	printf '/%s/ {\n  hits["%s"][$1]++\n}\n' "${pattern//\//\\/}" "$id" >>conf/mtail/peers.mtail
	cat >"conf/crowdsec/scenarios/$id.yaml" <<-EOF
		type: leaky
		name: bench/$id
		description: $id
		filter: "evt.Meta.log_type == 'rms' && evt.Parsed.verb == '$verb' && evt.Parsed.kind == '$kind' && evt.Parsed.guid startsWith '$prefix'"
		groupby: evt.Parsed.user
		capacity: $((limit - 1))
		leakspeed: $((within / limit))s
		scope: {type: User, expression: evt.Parsed.user}
		labels: {remediation: false}
	EOF
done <site/peers.tsv

cs=$work/conf/crowdsec
cp -r root/etc/crowdsec/patterns/. "$cs/patterns/"
cat >"$cs/parsers/s00-raw/raw.yaml" <<'EOF'
name: bench/raw
filter: "evt.Line.Labels.type == 'rms'"
onsuccess: next_stage
statics:
  - {parsed: message, expression: evt.Line.Raw}
  - {parsed: program, value: rms}
EOF
cat >"$cs/parsers/s01-parse/rms.yaml" <<'EOF'
name: bench/rms
filter: "evt.Parsed.program == 'rms'"
onsuccess: next_stage
statics:
  - {parsed: user, expression: 'JsonExtract(evt.Parsed.message, "UserID")'}
  - {parsed: verb, expression: 'JsonExtract(evt.Parsed.message, "Verb")'}
  - {parsed: kind, expression: 'JsonExtract(evt.Parsed.message, "EntityType")'}
  - {parsed: guid, expression: 'JsonExtract(evt.Parsed.message, "EntityGUID")'}
  - {target: evt.StrTime, expression: 'JsonExtract(evt.Parsed.message, "AuditTime")'}
  - {meta: log_type, value: rms}
EOF
cat >"$cs/parsers/s02-enrich/date.yaml" <<'EOF'
name: bench/date
filter: "evt.StrTime != ''"
statics:
  - {method: ParseDate, expression: evt.StrTime}
  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}
EOF
echo '{"parsers": {}, "scenarios": {}, "collections": {}, "postoverflows": {}}' >"$cs/hub/.index.json"
printf 'name: none\nfilters: ["false"]\ndecisions: []\non_success: break\n' >"$cs/profiles.yaml"
: >"$cs/acquis.yaml"
: >"$cs/simulation.yaml"
printf 'share_manual_decisions: false\n' >"$cs/console.yaml"
cat >"$cs/config.yaml" <<EOF
common: {daemonize: false, log_media: stdout, log_level: info, working_dir: $cs}
config_paths: {config_dir: $cs, data_dir: $cs/data, simulation_path: $cs/simulation.yaml, hub_dir: $cs/hub, index_path: $cs/hub/.index.json, notification_dir: $cs/notifications, plugin_dir: $cs/plugins}
crowdsec_service: {acquisition_path: $cs/acquis.yaml, parser_routines: 2, buckets_routines: 2, output_routines: 1}
cscli: {output: human}
db_config: {type: sqlite, db_path: $cs/data/crowdsec.db}
api:
  client: {insecure_skip_verify: false, credentials_path: $cs/credentials.yaml}
  server: {listen_uri: "127.0.0.1:18099", profiles_path: $cs/profiles.yaml, console_path: $cs/console.yaml}
prometheus: {enabled: false}
EOF
"$bin/cscli" -c "$cs/config.yaml" machines add bench --password not-secret --url http://127.0.0.1:18099 --file "$cs/credentials.yaml" >/dev/null 2>&1

# timed NAME COMMAND… appends "NAME seconds cpu" to times.
timed() {
	local name=$1 took
	shift
	took=$({ TIMEFORMAT='%R %U %S'; time "$@" >"$work/$name.log" 2>&1; } 2>&1) || { echo "$name failed:" >&2; tail -n 5 "$work/$name.log" >&2; return 1; }
	awk -v name="$name" '{print name, $1, $2 + $3}' <<<"$took" >>times
}

: >times
for round in $(seq "$rounds"); do # in turn, so that whoever else uses the machine disturbs all of them alike
	timed probity ./probity replay -c site/peers.yaml --out probity.out "rms=$log"
	timed probity-1-core env GOMAXPROCS=1 ./probity replay -c site/peers.yaml --out probity.out "rms=$log"
	rm -f sec.out && timed sec "$bin/sec" --conf="$work/conf/sec.conf" --input="$log" --notail --fromstart --nointevents
	timed mtail "$bin/mtail" --one_shot --progs "$work/conf/mtail" --logs "$log"
	timed crowdsec "$bin/crowdsec" -c "$cs/config.yaml" -dsn "file://$log" -type rms -no-capi
done

# Medians; a factor is the median of what it was within each round.
awk -v n="$lines" '
	function median(list, k,   i, j, t) {
		for (i = 1; i <= k; i++) for (j = i + 1; j <= k; j++) if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
		return (list[int((k + 1) / 2)] + list[int((k + 2) / 2)]) / 2
	}
	{ k = ++rounds[$1]; wall[$1, k] = $2; cpu[$1, k] = $3; if (k == 1) order[++names] = $1 }
	END {
		print "| program | lines/s | lines per CPU second | Probity on 2 cores is faster by | by CPU |\n|---|---|---|---|---|"
		for (i = 1; i <= names; i++) {
			p = order[i]; k = rounds[p]
			for (r = 1; r <= k; r++) { w[r] = n / wall[p, r]; c[r] = n / cpu[p, r]; x[r] = wall[p, r] / wall["probity", r]; y[r] = cpu[p, r] / cpu["probity", r] }
			printf "| %s | %d | %d | %.1f | %.1f |\n", p, median(w, k), median(c, k), median(x, k), median(y, k)
		}
	}' times | tee table.md
echo
echo "alerts: probity $(wc -l <probity.out), sec $(wc -l <sec.out), mtail raises none, crowdsec $(grep -c 'performed' crowdsec.log || true)"
