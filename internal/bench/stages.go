package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

var stageNames = []string{"read", "decode", "match", "correlate", "commit", "garbage", "rest"}

// Stages are the stages of the loop, in its order; the last two are what the runtime does beside it, and what else there is.
func Stages() []string { return slices.Clone(stageNames) }

// marks say which stage a function belongs to. The first function from the top of a stack that has one decides.
var marks = []struct{ prefix, stage string }{
	{"probity/internal/decode.(*Worker).", "decode"},
	{"probity/internal/engine.(*Matcher).", "match"},
	{"probity/internal/engine.(*State).", "correlate"},
	{"probity/internal/store.", "commit"}, // which compresses on goroutines of its own
	{"probity/internal/pipeline.(*Pipeline).follow", "read"},
	{"probity/internal/pipeline.(*Pipeline).correlate", "correlate"},
	{"probity/internal/pipeline.(*Pipeline).commit", "commit"},
	{"runtime.gcBgMarkWorker", "garbage"},
	{"runtime.bgsweep", "garbage"},
	{"runtime.bgscavenge", "garbage"},
}

func stageOf(s *profile.Sample) string {
	for _, at := range s.Location {
		for _, line := range at.Line {
			for _, m := range marks {
				if strings.HasPrefix(line.Function.Name, m.prefix) {
					return m.stage
				}
			}
		}
	}
	return "rest"
}

// stagesOf shares CPU time out among the stages by a profile.
func stagesOf(p *profile.Profile) (map[string]float64, error) {
	at := -1
	for i, t := range p.SampleType {
		if t.Type == "cpu" {
			at = i
		}
	}
	if at < 0 {
		return nil, errors.New("the profile does not count CPU time")
	}
	shares, all := map[string]float64{}, 0.0
	for _, s := range p.Sample {
		shares[stageOf(s)] += float64(s.Value[at])
		all += float64(s.Value[at])
	}
	for stage := range shares {
		shares[stage] /= all
	}
	return shares, nil
}

// merged are the profiles of several runs as one.
func merged(written [][]byte) (*profile.Profile, error) {
	var all []*profile.Profile
	for _, w := range written {
		p, err := profile.Parse(bytes.NewReader(w))
		if err != nil {
			return nil, fmt.Errorf("reading a profile: %w", err)
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, errors.New("no run was profiled")
	}
	return profile.Merge(all)
}

// writeProfile writes what go build -pgo and go tool pprof read.
func writeProfile(w io.Writer, written [][]byte) error {
	p, err := merged(written)
	if err != nil {
		return err
	}
	return p.Write(w)
}
