package source

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkCatchUp reads a backlog of 400-byte lines, batches of 8,192.
func BenchmarkCatchUp(b *testing.B) {
	const count = 200_000
	path := filepath.Join(b.TempDir(), "a.log")
	if err := os.WriteFile(path, []byte(strings.Repeat(strings.Repeat("x", 399)+"\n", count)), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(count * 400)
	b.ReportAllocs()
	for b.Loop() {
		streams, err := OpenFiles("s", newLines, []string{path})
		if err != nil {
			b.Fatal(err)
		}
		read := 0
		for {
			chunk, err := streams[0].Next(8192)
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			read += len(chunk.Records)
		}
		if read != count {
			b.Fatalf("%d lines", read)
		}
		_ = streams[0].Close()
	}
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkIdle is what 100 idle files cost a round of the loop in which none is due.
func BenchmarkIdle(b *testing.B) {
	dir := b.TempDir()
	for i := range 100 {
		if err := os.WriteFile(filepath.Join(dir, "f"+strings.Repeat("x", i)+".log"), []byte("one\n"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	set, err := Open(Options{Name: "s", Paths: []string{dir}, Framer: newLines, Follow: true})
	if err != nil {
		b.Fatal(err)
	}
	streams, err := set.Discover()
	if err != nil {
		b.Fatal(err)
	}
	for range 3 {
		for _, s := range streams {
			if _, err := s.Next(10); err != nil {
				b.Fatal(err)
			}
		}
	}
	for b.Loop() {
		for _, s := range streams {
			if _, err := s.Next(10); err != nil {
				b.Fatal(err)
			}
		}
		set.Due()
	}
	_ = set.Close()
}
