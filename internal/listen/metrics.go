package listen

import "github.com/prometheus/client_golang/prometheus"

// Reasons why received messages were dropped. Each drop is declared as a gap, too.
const (
	droppedFull   = "spool_full"    // a datagram, and the spool had no room
	droppedKernel = "socket_buffer" // datagrams, by the kernel, because they came faster than they were taken
	droppedTorn   = "torn"          // a message that its connection did not finish
)

// Reasons of errors.
const (
	errorTooLong     = "too_long"    // a message was longer than a record may be: its beginning becomes a reject
	errorEscaped     = "escaped"     // a message held a line feed, carriage return or NUL
	errorEmpty       = "empty"       // a message held nothing
	errorTLS         = "tls"         // a handshake failed, or the client's certificate is not allowed
	errorConnections = "connections" // a connection too many was closed
	errorConnection  = "connection"  // a connection broke, or stood still for too long
	errorDisk        = "disk"        // the spool could not be written
)

var (
	droppedReasons = []string{droppedFull, droppedKernel, droppedTorn}
	errorReasons   = []string{errorTooLong, errorEscaped, errorEmpty, errorTLS, errorConnections, errorConnection, errorDisk}
)

// Metrics of all listeners. No label names a sender.
type Metrics struct {
	messages, bytes, dropped, errors *prometheus.CounterVec
	connections, spool               *prometheus.GaugeVec
}

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"source"})
	}
	m := &Metrics{
		messages:    counter("probity_listener_messages_total", "Messages received and taken into the spool.", "source"),
		bytes:       counter("probity_listener_bytes_total", "Bytes of these messages.", "source"),
		dropped:     counter("probity_listener_dropped_total", "Messages that were received and are lost; each is in a gap, too.", "source", "reason"),
		errors:      counter("probity_listener_errors_total", "What was wrong with messages, connections and the spool.", "source", "reason"),
		connections: gauge("probity_listener_connections", "Connections that are open."),
		spool:       gauge("probity_listener_spool_bytes", "Bytes that the source's spool takes on disk."),
	}
	for _, c := range []prometheus.Collector{m.messages, m.bytes, m.dropped, m.errors, m.connections, m.spool} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// counters are one source's series. All exist from the start, so that none and 0 look different.
type counters struct {
	messages, bytes    prometheus.Counter
	dropped, errors    map[string]prometheus.Counter
	connections, spool prometheus.Gauge
}

func (m *Metrics) of(source string) *counters {
	c := &counters{
		messages: m.messages.WithLabelValues(source), bytes: m.bytes.WithLabelValues(source),
		connections: m.connections.WithLabelValues(source), spool: m.spool.WithLabelValues(source),
		dropped: map[string]prometheus.Counter{}, errors: map[string]prometheus.Counter{},
	}
	for _, reason := range droppedReasons {
		c.dropped[reason] = m.dropped.WithLabelValues(source, reason)
	}
	for _, reason := range errorReasons {
		c.errors[reason] = m.errors.WithLabelValues(source, reason)
	}
	return c
}
