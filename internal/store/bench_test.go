package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unsafe"

	"probity/internal/event"
)

func benchStore(b *testing.B) *Store {
	s, err := Open(Options{Dir: b.TempDir(), Now: time.Now})
	must(b, err)
	b.Cleanup(func() { s.Close() })
	return s
}

func BenchmarkCommitOf5000WindowsOf100Bytes(b *testing.B) {
	s := benchStore(b)
	windows := make([]WindowState, 5000)
	n := 0
	for b.Loop() {
		for i := range windows {
			windows[i] = WindowState{Feed: "0123456789abcdef", Key: fmt.Sprintf("user-%07d", (n*5000+i)%100_000), State: make([]byte, 100)}
		}
		n++
		must(b, s.Commit(&Commit{Streams: []StreamState{{ID: "s", State: []byte("position")}}, Windows: windows}))
	}
}

func BenchmarkCommitOfOneStream(b *testing.B) {
	s := benchStore(b)
	for b.Loop() {
		must(b, s.Commit(&Commit{Streams: []StreamState{{ID: "s", State: []byte("position")}}}))
	}
}

func BenchmarkCommitOfOneAlertAndItsRecords(b *testing.B) {
	s := benchStore(b)
	n := 0
	for b.Loop() {
		n++
		c := oneOfEach(n)
		must(b, s.Commit(c))
	}
}

func BenchmarkOpenWith100000KeptRecords(b *testing.B) {
	dir := b.TempDir()
	s, err := Open(Options{Dir: dir})
	must(b, err)
	for lot := range 20 {
		c := &Commit{}
		for i := range 5000 {
			n := lot*5000 + i
			r := KeptRecord{Until: int64(n), Record: recordOf(n)}
			r.ID[0], r.ID[1], r.ID[2] = byte(n), byte(n>>8), byte(n>>16)
			c.Records = append(c.Records, r)
		}
		must(b, s.Commit(c))
	}
	must(b, s.Close())
	for b.Loop() {
		s, err := Open(Options{Dir: dir})
		must(b, err)
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}

// linesKept are records as decoders leave them: most texts stand in the line.
func linesKept(b *testing.B, n int) (records []KeptRecord) {
	schema, err := event.NewSchema()
	must(b, err)
	keeper := event.NewKeeper(schema)
	columns := strings.Split("AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Verb,EntityType,EntityURN,Reason", ",")
	e := event.Event{Origin: event.Origin{Source: "niche", Path: "/var/log/niche.csv"}}
	for i := range n {
		line := fmt.Sprintf("%d,2026-03-02 08:00:00.%03d,c%04d,PC%04d TESTNOMINAL,WS-%d,192.0.2.%d,View,Person,D53/%07d,Enquiry made in the course of duty", 40000000+i, i, i*7%1000, i*7%1000, i%90, i%250, i*i)
		e.Slots, e.Native = make([]event.Value, schema.Len()), nil
		e.Original = unsafe.Slice(unsafe.StringData(line), len(line))
		e.Slots[event.FieldTime] = event.TimeValue(timeOf(0) + int64(i)*1e6)
		for c, text := range strings.Split(line, ",") {
			e.Native = append(e.Native, event.Pair{Name: columns[c], Text: text})
		}
		e.NativeID = e.Native[0].Text
		e.Slots[event.FieldDataset], e.Slots[event.FieldAction] = event.StringValue("niche"), event.StringValue("view")
		e.Slots[event.FieldUserName], e.Slots[event.FieldObjectID] = event.StringValue(e.Native[2].Text), event.StringValue(e.Native[8].Text)
		k := keeper.Keep(&e)
		records = append(records, KeptRecord{ID: k.ID, Time: k.Time(), Until: 1, Record: k})
	}
	return records
}

func BenchmarkPackingRecords(b *testing.B) {
	records, codec := linesKept(b, packAtMost*8), codecOf(b)
	packs, _ := parcels(records, packAtLeast)
	b.ReportAllocs()
	for b.Loop() {
		codec.packAll(records, packs)
	}
	bytes := 0
	for i := range packs {
		bytes += len(packs[i].packed)
	}
	b.ReportMetric(float64(bytes)/float64(len(records)), "B/record")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
}

func BenchmarkARecordOfItsOwn(b *testing.B) {
	records, codec := linesKept(b, 512), codecOf(b)
	b.ReportAllocs()
	n, bytes := 0, 0
	for b.Loop() {
		bytes += len(codec.encode(records[n%len(records)].Record))
		n++
	}
	b.ReportMetric(float64(bytes)/float64(n), "B/record")
}
