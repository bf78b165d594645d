package table

import "probity/internal/event"

// Resolve returns the staff id of the person who has an account of a system, as the people table in force for event time at
// knows it, with its place; Missing if none is known. An account that two people claim is nobody's.
func (s *Set) Resolve(dataset, account string, at int64) event.Value {
	p := s.people
	if p == nil || !p.answers(at) {
		return event.Value{}
	}
	row, found := p.account(dataset, account)
	return p.id(row, found)
}

// ResolveRequestor returns the person whom a requester's token names: an account of the system, or else a collar number.
// An account that two people claim is not tried as a collar number.
func (s *Set) ResolveRequestor(dataset, token string, at int64) event.Value {
	p := s.people
	if p == nil || !p.answers(at) {
		return event.Value{}
	}
	row, found := p.account(dataset, token)
	if !found {
		row, found = p.collars.findFolded(token)
	}
	return p.id(row, found)
}

func (p *people) account(dataset, account string) (row int32, found bool) {
	accounts := p.system(dataset)
	if accounts == nil {
		var buf [keyBytes]byte
		accounts = p.system(string(fold(buf[:0], dataset)))
	}
	return accounts.findFolded(account)
}

// system returns the rows of a system's accounts, nil if there are none. The dataset is given folded, as most are written.
func (p *people) system(dataset string) *texts {
	if len(p.systems) > fewSystems {
		return p.bySystem[dataset]
	}
	for i := range p.systems {
		if p.systems[i].dataset == dataset {
			return p.systems[i].accounts
		}
	}
	return nil
}

func (p *people) id(row int32, found bool) event.Value {
	if !found || row == disputed {
		return event.Value{}
	}
	v := event.StringValue(p.ids[row])
	v.Place = event.Place(row + 1) // see index
	return v
}
