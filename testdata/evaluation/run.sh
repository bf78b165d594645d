#!/bin/sh
# Makes simulated forces and says how good the rules are over them: testdata/evaluation/run.sh reported|tuning FOLDER
# Forces that are in FOLDER already are used again, so remove them after a change of the simulator. See README.md beside this.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
case "${1-}" in
tuning) seeds="1 2 3 4 5 6 7 8 9" ;;
reported) seeds="101 102 103 104 105" ;;
*) echo "usage: $0 reported|tuning FOLDER" >&2; exit 2 ;;
esac
mkdir -p "${2:?usage: $0 reported|tuning FOLDER}"
cd "$2"
(cd "$root" && go build -o "$OLDPWD/probity" ./cmd/probity)
for seed in $seeds; do
	[ -d "$seed" ] && continue
	rm -rf "$seed.part"
	./probity simulate --gzip --staff "${STAFF-2000}" --days "${DAYS-90}" --seed "$seed" --out "$seed.part"
	mv "$seed.part" "$seed" # whole or not at all
done
# shellcheck disable=SC2086 # one argument a seed
exec ./probity evaluate $seeds --save "$1.md" --save "$1.html" --save "$1.json"
