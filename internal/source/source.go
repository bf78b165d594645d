package source

import (
	"errors"
	"time"

	"go.uber.org/zap"

	"probity/internal/decode"
)

// Stream is one chain of bytes read in order: a file and its rotated predecessors, or a finite list of files. It is not safe
// for concurrent use, and no call waits for new bytes.
type Stream interface {
	// ID is the source's name and the configured base path ("niche:/var/log/niche/niche.csv"): the same across restarts,
	// rotations and hosts.
	ID() string
	// Next hands on whole records: at most maxRecords, of about 1 MiB. It is (nil, nil) when there are none now, and
	// (nil, io.EOF) when a finite stream has ended. After an error the call may be repeated: nothing has been skipped.
	Next(maxRecords int) (*Chunk, error)
	Close() error
}

// Chunk is what one Next read. One without records still carries a new State, or Gaps, and is to be committed too.
type Chunk struct {
	Path     string          // where the records stand (log.file.path)
	Records  []decode.Record // alias a buffer that belongs to this chunk and is never written again
	State    []byte          // the resume point after the last record, to be committed with the effects of the records
	Bytes    int64           // bytes consumed: records, headers, blank lines
	Gaps     []Gap           // bytes lost before they could be read
	Finished *Finished       // the file that was left behind this chunk; nil: none was
	Lag      int64           // bytes known to be waiting after this chunk
}

// Finished is a file that has been left, measured by other means than by counting what was handed on: the Bytes of its chunks
// and its gaps that are not Beyond, from its first byte on, are to give Size.
type Finished struct {
	Path string
	Size int64 // by fstat of the open descriptor; of a compressed file, what its decompressor gave
}

// Gap is a stretch of a file that was lost before it could be read.
type Gap struct {
	Path   string
	From   int64 // offset of the first lost byte
	To     int64 // offset after the last lost byte, -1 if unknown
	Reason string
	Beyond bool // not part of Finished.Size: bytes that came or went outside of the file's measured life
}

// Reasons of gaps.
const (
	GapTruncated  = "truncated"      // the file was cut back, and no copy of what it held was found
	GapReplaced   = "replaced"       // another file stands at the path, and the committed one is nowhere
	GapDeleted    = "deleted-unread" // rotated on, and gone before it was read to its end
	GapCorrupt    = "corrupt"        // a compressed file cannot be read beyond this place
	GapIncomplete = "incomplete"     // a compressed file ends too early, and nobody is writing it any more
	GapLate       = "late"           // written to a rotated file after its grace
	GapUnframed   = "unframed"       // the framer left bytes over at the end of a file
)

// Options describe one configured source.
type Options struct {
	Name       string
	Paths      []string             // files, globs, or directories (every file directly in them)
	Framer     func() decode.Framer // a new one a stream
	Follow     bool                 // false: finite, for replay
	From       func(streamID string) []byte
	WholeFiles bool // every file is a stream of its own that ends; no rotation siblings
	Oldest     bool // a chain without a committed position begins with its oldest file: nothing in it is history
	Logger     *zap.Logger
	Grace      time.Duration // how long a rotated file is watched for late writers; 0 = 5 s
	Wake       func()        // called by a goroutine of the set's when a file may have been written to; it may not wait

	now        func() time.Time // tests
	noTail     bool             // tests: as if nxadm/tail could not be started
	deaf       bool             // tests: as if no folder could be watched
	quietEvery time.Duration    // tests: see the constant
	listed     func()           // tests: after the generations of a chain have been listed
}

const (
	lookFirst    = 25 * time.Millisecond  // from the end of a file that has grown to a look at it, doubled with each that finds nothing, …
	lookEvery    = 200 * time.Millisecond // … up to this where nothing is heard of writes or a rotation is under way, …
	quietEvery   = time.Second            // … else up to this: what an event costs that is lost
	rescanEvery  = time.Second            // of directories and globs
	retryAfter   = time.Second            // an error
	defaultGrace = 5 * time.Second
)

func (o *Options) validate() error {
	switch {
	case o.Name == "":
		return errors.New("source: no name")
	case len(o.Paths) == 0:
		return errors.New("source " + o.Name + ": no paths")
	case o.Framer == nil:
		return errors.New("source " + o.Name + ": no framer")
	}
	if o.From == nil {
		o.From = func(string) []byte { return nil }
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Grace == 0 {
		o.Grace = defaultGrace
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.quietEvery == 0 {
		o.quietEvery = quietEvery
	}
	if o.now == nil {
		o.now = time.Now
	}
	return nil
}
