package bench

import (
	"crypto/rsa"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
)

// rsaSampler makes a signature now and then beside a load, and so learns what
// one costs under that load: cores that share units or are shared with others
// are slower together than alone. It takes the median of wall times, which a
// preempted sample does not move; the kernel's account of a thread's time is too
// coarse for one signature.
type rsaSampler struct {
	key  *rsa.PrivateKey
	stop chan struct{}
	done sync.WaitGroup
	took []float64 // microseconds
}

// sampleRSA starts sampling every few milliseconds.
func sampleRSA(key *rsa.PrivateKey) *rsaSampler {
	s := &rsaSampler{key: key, stop: make(chan struct{})}
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
		begin := time.Now()
		if _, err := seal.Sign(s.key, message); err != nil {
			return
		}
		s.took = append(s.took, micros(time.Since(begin)))
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
	}
}

// end stops sampling and answers the cost of a signature in microseconds and
// the CPU the sampling itself took.
func (s *rsaSampler) end() (cost float64, used time.Duration) {
	close(s.stop)
	s.done.Wait()
	cost = median(s.took)
	return cost, time.Duration(cost * float64(len(s.took)) * float64(time.Microsecond))
}
