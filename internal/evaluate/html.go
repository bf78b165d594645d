package evaluate

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed evaluation.html.tmpl
var pageText string

var pageTemplate = template.Must(template.New("evaluation").Funcs(template.FuncMap{"px": px}).Parse(pageText))

// WriteHTML writes the report as one page, which runs nothing and fetches nothing; a policy in it (CSP) forbids both.
func (e *Evaluation) WriteHTML(w io.Writer) error {
	err := pageTemplate.Execute(w, struct {
		Grids    []Grid
		Recall   dotPlot
		Severity barPlot
		Delay    stepPlot
	}{e.Grids(), e.recallPlot(), e.severityPlot(), e.delayPlot()})
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// px writes a length; a tenth of a unit is finer than any screen, and the same on every machine.
func px(v float64) string { return fmt.Sprintf("%.1f", v) }
