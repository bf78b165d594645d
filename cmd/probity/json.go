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
