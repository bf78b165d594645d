package decode

import "regexp"

// regexParser reads a line with a regular expression (RE2) that must match; its named groups are the native fields.
type regexParser struct {
	re      *regexp.Regexp
	symbols []*symbol // by group; nil for a group without a name
}

func (p *regexParser) parse(n *natives, text string, _ *Header) *Reject {
	if p.symbols == nil {
		p.symbols = n.fixed(p.re.SubexpNames())
	}
	at := p.re.FindStringSubmatchIndex(text)
	if at == nil {
		return &Reject{ReasonSyntax, "the pattern does not match " + quote(text)}
	}
	for i, name := range p.re.SubexpNames() {
		if name != "" && at[2*i] >= 0 {
			n.add(p.symbols[i], text[at[2*i]:at[2*i+1]], nil)
		}
	}
	return nil
}
