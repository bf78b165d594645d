package hearing

import (
	"fmt"
	"strings"

	"probity/internal/neutral"
)

// checks are the shell lines by which a reader without this program checks the bundle. Each ends with status 0 if all is well.
func (c *Case) checks() []check {
	list := []check{{"Every file is as it was when the bundle was made.", "sha256sum -c MANIFEST"}}
	if len(c.Lines) > 0 {
		last := revisionFile(c.Last().Revision)
		list = append(list,
			check{"Each quoted record has the hash that is said of it.", `jq -r '.[] | .sha256 + "  " + .file' lines.json | sha256sum -c`},
			check{"The last revision quotes these records.", fmt.Sprintf(`jq -e --slurpfile lines lines.json '[.evidence[].sha256] - [$lines[0][].sha256] == []' %s`, last)})
	}
	for i, e := range c.Entries {
		if e.Kind != "alert" || e.Body == nil {
			continue
		}
		if n, ok := c.revisionOf(e); ok {
			list = append(list, check{fmt.Sprintf("Revision %d is the one that entry %d of the evidence log is about.", n, e.Seq),
				fmt.Sprintf(`test "$(sha256sum < %s | cut -c1-64)" = "$(sed -n %dp evidence/bodies.jsonl | jq -r '.body | fromjson | .sha256')" && echo ok`, revisionFile(n), i+1)})
		}
	}
	for i, e := range c.Entries {
		if e.Body != nil {
			list = append(list, check{fmt.Sprintf("The body of entry %d is the one that its line in the chain names.", e.Seq),
				fmt.Sprintf(`test "$(sed -n %[1]dp evidence/bodies.jsonl | jq -j '.salt + .body' | sha256sum | cut -c1-64)" = "$(sed -n %[1]dp evidence/entries.jsonl | jq -r .body_hash)" && echo ok`, i+1)})
		}
	}
	if c.Checkpoint != nil && len(c.Entries) > 0 {
		list = append(list, check{"Every entry is one of those that the signed checkpoint is of.", "sh evidence/prove.sh"})
	}
	for i, l := range c.Lines {
		if shell, ok := c.onTheLog(l); ok {
			list = append(list, check{fmt.Sprintf("Where the log is kept: record %d still stands there.", i+1), shell})
		}
	}
	return list
}

// revisionOf finds the revision that an entry of kind alert is about.
func (c *Case) revisionOf(e Entry) (int, bool) {
	for _, r := range c.Revisions {
		if strings.Contains(string(e.Body), `"sha256":"`+sum(r.Body)+`"`) {
			return r.Alert.Revision, true
		}
	}
	return 0, false
}

// onTheLog is the line that looks the record up in the log itself; none for a path that a shell line cannot show harmlessly.
func (c *Case) onTheLog(l Line) (string, bool) {
	if l.Now == nil || neutral.Terminal(l.Now.Path) != l.Now.Path {
		return "", false
	}
	read := "cat"
	switch {
	case strings.HasSuffix(l.Now.Path, ".gz"):
		read = "zcat"
	case strings.HasSuffix(l.Now.Path, ".zst"):
		read = "zstdcat"
	}
	quoted := "'" + strings.ReplaceAll(l.Now.Path, "'", `'\''`) + "'"
	return fmt.Sprintf(`test "$(%s %s | tail -c +%d | head -c %d | sha256sum | cut -c1-64)" = %s && echo ok`, read, quoted, l.Record.Offset+1, len(l.Bytes), sum(l.Bytes)), true
}
