package courier

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
	for i := range merchants {
		// It never closes a connection by itself, and answers whatever comes on it.
		endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		t.Cleanup(endpoint.Close)
		for range 4 {
			s.payTo(mchid(i), endpoint.URL+"/n")
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
