package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"probity/internal/neutral"
)

// writeJSON writes v as one line of JSON that is harmless on a terminal and still says the same.
func writeJSON(to io.Writer, v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to, neutral.Terminal(strings.TrimSuffix(b.String(), "\n")))
	return err
}

// writeText writes lines that are harmless on a terminal.
func writeText(to io.Writer, text string) error {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(neutral.Terminal(strings.TrimSuffix(line, "\n")))
		b.WriteByte('\n')
	}
	_, err := io.WriteString(to, b.String())
	return err
}
