#!/bin/sh
# Follows the inclusion proof of every entry to the root of the signed checkpoint, as RFC 6962 says: a leaf is the SHA-256 of a
# byte 0 and the entry's line; a node is the SHA-256 of a byte 1 and its two children. Needs jq, sha256sum, basenc.
set -eu
cd "$(dirname "$0")"
unhex() { printf %s "$1" | tr a-f A-F | basenc --base16 -d; }
hash() { sha256sum | cut -c1-64; }
root=$(sed -n 3p checkpoint | basenc --base64 -d | basenc --base16 -w0 | tr A-F a-f)
bad=0
for i in $(seq "$(wc -l < entries.jsonl)"); do
	seq=$(sed -n "${i}p" entries.jsonl | jq -r .seq)
	if [ "$(jq -r ".[$i-1]" proofs.json)" = null ]; then
		echo "entry $seq: not in this checkpoint"
		continue
	fi
	h=$({ printf '\000'; sed -n "${i}p" entries.jsonl; } | hash)
	for step in $(jq -r ".[$i-1].path // [] | .[] | .side + \":\" + .hash" proofs.json); do
		case $step in
		left:*) h=$({ printf '\001'; unhex "${step#*:}"; unhex "$h"; } | hash) ;;
		right:*) h=$({ printf '\001'; unhex "$h"; unhex "${step#*:}"; } | hash) ;;
		esac
	done
	if [ "$h" = "$root" ]; then
		echo "entry $seq: ok"
	else
		echo "entry $seq: NOT in the checkpoint"
		bad=1
	fi
done
exit $bad
