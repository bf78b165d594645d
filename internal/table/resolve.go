package table

// Resolve returns the person who has an account of a system, as the people table in force for event time at knows it. An
// account that two people claim is nobody's.
func (s *Set) Resolve(dataset, account string, at int64) (staffID string, ok bool) {
	p := s.people
	if p == nil || !p.answers(at) {
		return "", false
	}
	row, found := p.account(dataset, account)
	return p.id(row, found)
}

// ResolveRequestor returns the person whom a requester's token names: an account of the system, or else a collar number.
// An account that two people claim is not tried as a collar number.
func (s *Set) ResolveRequestor(dataset, token string, at int64) (staffID string, ok bool) {
	p := s.people
	if p == nil || !p.answers(at) {
		return "", false
	}
	row, found := p.account(dataset, token)
	if !found {
		var buf [keyBytes]byte
		row, found = p.collars[string(fold(buf[:0], token))]
	}
	return p.id(row, found)
}

func (p *people) account(dataset, account string) (row int32, found bool) {
	var bufSystem, buf [keyBytes]byte
	row, found = p.accounts[string(fold(bufSystem[:0], dataset))][string(fold(buf[:0], account))]
	return row, found
}

func (p *people) id(row int32, found bool) (string, bool) {
	if !found || row == disputed {
		return "", false
	}
	return p.rows[row].cells[colStaffID], true
}
