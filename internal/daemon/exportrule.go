package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"

	"probity/internal/hearing"
	"probity/internal/rule"
)

const (
	generationsDir   = "generations"
	maxRuleFileBytes = 1 << 20 // what is longer is a table
)

// rule finds the very files of the alert's rule by their hashes: among the archived generations, else among the rules that
// are in force now.
func (x *export) rule() error {
	a := x.Last()
	archived, err := filesBelow(filepath.Join(x.config.StateDir, generationsDir))
	if err != nil {
		return err
	}
	own, overlay, found := ruleWith(archived, a.Rule.Hash, a.Rule.Overlay)
	if len(archived) == 0 {
		x.lacks("No generation of rules and tables was archived in the state folder, so only what is in force now could be searched.")
	}
	if !found {
		now, _ := x.config.ruleFiles() // rules that cannot be read are rules that are not found
		own, overlay, found = ruleWith(now, a.Rule.Hash, a.Rule.Overlay)
	}
	if !found {
		x.lacks("The rule's file with the hash %s was not found: it was changed since, and is in the history of the rules' repository.", a.Rule.Hash)
	} else {
		x.Files = append(x.Files, hearing.File{Name: "rule/rule.yaml", From: own.Name, Bytes: own.Data})
		if overlay != nil {
			x.Files = append(x.Files, hearing.File{Name: "rule/overlay.yaml", From: overlay.Name, Bytes: overlay.Data})
		}
	}
	if len(a.Tables) > 0 {
		x.lacks("The tables themselves are not here, for they hold everybody; tables.json has their versions, to be held against the exports.")
	}
	return nil
}

// ruleWith finds the file with a hash; with an overlay, the file that has the hash together with it.
func ruleWith(files []rule.File, hash, overlayHash string) (own, overlay *rule.File, found bool) {
	var suffix []byte
	if overlayHash != "" {
		for i := range files {
			if sum := sha256.Sum256(files[i].Data); hex.EncodeToString(sum[:]) == overlayHash {
				overlay, suffix = &files[i], files[i].Data
				break
			}
		}
		if overlay == nil {
			return nil, nil, false
		}
	}
	for i := range files {
		h := sha256.New()
		h.Write(files[i].Data)
		h.Write(suffix)
		if hex.EncodeToString(h.Sum(nil)) == hash {
			return &files[i], overlay, true
		}
	}
	return nil, nil, false
}

// filesBelow reads the files of a tree that may be rules. A tree that is not there has none.
func filesBelow(dir string) (files []rule.File, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return fs.SkipAll
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > maxRuleFileBytes {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, rule.File{Name: path, Data: data})
		return err
	})
	return files, err
}
