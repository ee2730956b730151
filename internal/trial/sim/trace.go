package sim

import (
	"fmt"
	"hash/crc32"
)

// note mixes what happened into the run's fingerprint.
func (w *World) note(values ...uint64) {
	const prime = 0x100000001b3
	for _, v := range values {
		w.trace = (w.trace ^ v ^ v>>32) * prime
	}
	w.trace = (w.trace ^ uint64(w.now)) * prime
}

// tell writes a line for who watches the run, and mixes it into the fingerprint.
func (w *World) tell(who, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.note(sum([]byte(who)), sum([]byte(text)))
	if w.opt.Trace != nil {
		fmt.Fprintf(w.opt.Trace, "%9.3f s  %-8s %s\n", float64(w.now-start)/1000, who, text)
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(b []byte) uint64 { return uint64(crc32.Checksum(b, castagnoli)) }
