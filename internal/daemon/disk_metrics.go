package daemon

import (
	"github.com/prometheus/client_golang/prometheus"
)

// diskStates are how much room the state folder's file system has at the moment of the scrape. Without room nothing can be
// committed, and reading stops.
type diskStates struct {
	dir        string
	free, size *prometheus.Desc
}

func newDiskStates(dir string) *diskStates {
	return &diskStates{
		dir:  dir,
		free: prometheus.NewDesc("probity_state_disk_free_bytes", "Room that this program may still take on the state folder's file system.", nil, nil),
		size: prometheus.NewDesc("probity_state_disk_bytes", "Size of the state folder's file system.", nil, nil),
	}
}

// Describe lists the metrics.
func (s *diskStates) Describe(to chan<- *prometheus.Desc) {
	to <- s.free
	to <- s.size
}

// Collect asks the file system. One that cannot be asked, as on other systems than Linux, tells nothing.
func (s *diskStates) Collect(to chan<- prometheus.Metric) {
	free, size, ok := diskRoom(s.dir)
	if !ok {
		return
	}
	to <- prometheus.MustNewConstMetric(s.free, prometheus.GaugeValue, free)
	to <- prometheus.MustNewConstMetric(s.size, prometheus.GaugeValue, size)
}
