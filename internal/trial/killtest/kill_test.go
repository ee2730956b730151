//go:build linux

package killtest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/trial/proctest"
)

const customers = 8

func TestMain(m *testing.M) { proctest.Main(m) }

func TestKillingNodeAndCourierLosesAndDoublesNothing(t *testing.T) {
	kills := 20
	if s := os.Getenv("HOLDFAST_KILLS"); s != "" {
		kills, _ = strconv.Atoi(s)
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HOLDFAST_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("%d kills, HOLDFAST_SEED=%d", kills, seed)
	d := proctest.StartDev(t, proctest.Build(t))
	shop := proctest.OpenShop(t, d.Sandbox)
	load := shop.Load(t, customers, "K", nil)
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		pause := time.Duration(50+rng.IntN(700)) * time.Millisecond
		time.Sleep(pause) // the moment of the kill is what is random here
		victim := "\x00node\x00"
		if i%3 == 2 {
			victim = "\x00courier\x00"
		}
		d.Signal(t, victim, syscall.SIGKILL)
	}
	// Whoever was interrupted repeats until it has an answer.
	d.AwaitReady(t)
	load.AwaitMore(t, customers+1, "after the last kill")
	load.Stop()
	shop.Check(t)
	d.Stop(t)
	proctest.Verify(t, d.Bin, d.Dir)
}
