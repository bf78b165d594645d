package strictyaml

// Nearest returns the name that was probably meant by a misspelt one: the closest within two edits, or "".
func Nearest(misspelt string, names []string) string {
	best, at := "", 3
	for _, n := range names {
		if d := distance(misspelt, n); d < at && d < len(n) {
			best, at = n, d
		}
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
