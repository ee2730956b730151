package bench

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/holdfast-pay/holdfast/internal/engine/rsakey"
)

// rsaSampler makes a signature now and then beside a load, and so learns what
// one costs under that load: cores that share units or are shared with others
// are slower together than alone. It reads the processor time of its own thread,
// which others that get the core meanwhile don't add to.
type rsaSampler struct {
	sign func(message []byte) (string, error)
	stop chan struct{}
	done sync.WaitGroup
	took []float64 // microseconds
}

// sampleRSA starts sampling every few milliseconds.
func sampleRSA(sign func(message []byte) (string, error)) *rsaSampler {
	s := &rsaSampler{sign: sign, stop: make(chan struct{})}
	s.done.Go(s.run)
	return s
}

func (s *rsaSampler) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	message := []byte(strings.Repeat("x", 120))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		begin := threadCPU()
		if _, err := s.sign(message); err != nil {
			return
		}
		s.took = append(s.took, micros(threadCPU()-begin))
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
	}
}

// end stops sampling and returns the cost of a signature in microseconds and
// the CPU the sampling itself took.
func (s *rsaSampler) end() (cost float64, used time.Duration) {
	close(s.stop)
	s.done.Wait()
	cost = median(s.took)
	return cost, time.Duration(cost * float64(len(s.took)) * float64(time.Microsecond))
}

// rsaMeter adds up what all signatures of this process cost. A sample times their
// number is no measure of it: under load the dear ones are dear, and who subtracts
// a large number from another is left with its error.
type rsaMeter struct{ signatures, nanoseconds atomic.Int64 }

// meterRSA starts a meter; end it.
func meterRSA() *rsaMeter {
	m := new(rsaMeter)
	rsakey.Around(func(sign func()) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		begin := threadCPU()
		sign()
		m.nanoseconds.Add(int64(threadCPU() - begin))
		m.signatures.Add(1)
	})
	return m
}

// end stops the meter and returns all that was used and what one signature cost,
// in microseconds.
func (m *rsaMeter) end() (all time.Duration, each float64) {
	rsakey.Around(nil)
	all = time.Duration(m.nanoseconds.Load())
	return all, micros(all) / float64(max(m.signatures.Load(), 1))
}

// threadCPU is the processor time of the calling thread, to the nanosecond:
// getrusage counts whole ticks.
func threadCPU() time.Duration {
	const clockThreadCPU = 3
	var t syscall.Timespec
	if _, _, err := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		return 0
	}
	return time.Duration(t.Nano())
}
