package sim

import "fmt"

// station is a police station with its beat.
type station struct {
	code   string // LLA
	town   string
	sector string // LL1
	desks  []desk
}

// desk is where one sits: a workstation and the address it is seen from.
type desk struct {
	name string // LLA-WS-0312
	ip   string // documentation ranges only
}

// build lays out stations and desks. Fewer desks than people: desks are shared.
func (f *Force) build() {
	n := min(max(f.opts.Staff/60, 2), len(towns))
	perStation := f.opts.Staff/n*7/10 + 4
	for i := range n {
		code := fmt.Sprintf("LL%c", 'A'+i)
		s := &station{code: code, town: towns[i], sector: fmt.Sprintf("LL%d", i+1)}
		for k := range perStation {
			s.desks = append(s.desks, desk{
				name: fmt.Sprintf("%s-WS-%04d", code, 300+k),
				ip:   officeIP(i*perStation + k),
			})
		}
		f.stations = append(f.stations, s)
	}
}

// officeIP is an address of the two documentation networks of RFC 5737 that
// this force uses; a large force shares addresses, as behind Citrix.
func officeIP(n int) string {
	if n%2 == 0 {
		return fmt.Sprintf("198.51.100.%d", 1+n/2%254)
	}
	return fmt.Sprintf("192.0.2.%d", 1+n/2%254)
}

// homeIP is the address that a person's own line has, RFC 3849.
func homeIP(n int) string { return fmt.Sprintf("2001:db8:%x::%x", 1+n/4096, 1+n%4096) }

// address is a dwelling by its number.
type address int

func (a address) id() string { return fmt.Sprintf("A%07d", int(a)) }

func (a address) postcode() string {
	n := int(a)
	return fmt.Sprintf("QX%d %d%c%c", 1+n/4000%20, 1+n/400%9, 'A'+n/20%20, 'A'+n%20)
}

func (a address) street() string {
	n := int(a)
	return fmt.Sprintf("%d %s", 1+n/len(streets)%140, streets[n%len(streets)])
}

func (a address) town() string { return towns[int(a)/2240%len(towns)] }
