package store

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"

	"probity/internal/fsx"
)

// acknowledgedName is the file that holds the number of the last commit of which the store has said that it is durable. It is
// written after the commit and without an fsync: a power cut may take it back, which does no harm, and a kill cannot. So a
// database that is behind it has lost that commit, which is what SQLite does in silence when a bit of the last transaction in
// its write-ahead log is flipped.
const acknowledgedName = "acknowledged"

const acknowledgedForm = "%020d %016x\n" // the number, and a checksum of its digits

// acknowledged is that file, open.
type acknowledged struct{ file *os.File }

func openAcknowledged(dir string) (*acknowledged, error) {
	file, err := os.OpenFile(filepath.Join(dir, acknowledgedName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &acknowledged{file}, nil
}

// note is told the number of a commit that is durable. That it cannot be written is no reason to say otherwise.
func (a *acknowledged) note(commit uint64) {
	_, _ = a.file.WriteAt([]byte(acknowledgedText(commit)), 0)
}

func acknowledgedText(commit uint64) string {
	digits := fmt.Sprintf("%020d", commit)
	return fmt.Sprintf(acknowledgedForm, commit, xxhash.Sum64String(digits))
}

func (a *acknowledged) close() error { return a.file.Close() }

// checkAcknowledged refuses a database that is behind what was acknowledged. A file that is not whole says nothing.
func checkAcknowledged(dir, database string, commit uint64) error {
	text, err := os.ReadFile(filepath.Join(dir, acknowledgedName))
	if err != nil {
		return nil
	}
	var last, sum uint64
	if n, _ := fmt.Sscanf(string(text), acknowledgedForm, &last, &sum); n != 2 || string(text) != acknowledgedText(last) || last <= commit {
		return nil
	}
	return &fsx.Damage{File: database + walSuffix, What: fmt.Sprintf("the database is at commit %d, and commit %d was durable: it has lost commits", commit, last), Do: restore}
}
