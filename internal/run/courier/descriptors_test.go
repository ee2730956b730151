package courier

import (
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/lane"
)

// A courier with few file descriptors has less in the air, and tries nothing in
// vain: endpoints that hold their connections take no more than their share, every
// other notice is delivered at the first attempt, and the courier stops in order.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	a := s.run("a", exec.Command("sh", "-c", "ulimit -n 64; exec \"$0\"", os.Args[0]))
	s.within(20*time.Second, "a has all lanes", func() bool { return s.lanes()["a"] == lane.Count })
	var calls atomic.Int32
	for i := range merchants {
		url := holding(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &calls)
		for range 4 {
			s.payTo(mchid(i), url)
		}
	}
	for range 200 {
		s.pay()
	}
	all := uint64(s.paid.Load())
	for id := uint64(1); id <= all; id++ {
		s.within(20*time.Second, "it is delivered", func() bool { return s.notice(id).State == pb.NoticeState_NOTICE_STATE_DELIVERED })
		if n := s.notice(id); n.Attempts != 1 {
			t.Errorf("notice %d took %d attempts: %v", id, n.Attempts, n.Recent)
		}
	}
	s.signal(a, syscall.SIGTERM)
	if err := a.Wait(); err != nil {
		t.Errorf("the courier ended with %v", err)
	}
}
