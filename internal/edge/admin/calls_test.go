package admin_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/admin/admintest"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// What serves calls is made once: making it for a call takes thousands of
// allocations.
func TestACallIsCheap(t *testing.T) {
	d := admintest.Open(t, false)
	ask(t, d.Client.PersonAdd, &pb.AdminPersonAddRequest{Ref: "alice", Name: "Alice", Appids: []string{appid}})
	token, err := os.ReadFile(admin.TokenFile(d.Dir))
	if err != nil {
		t.Fatal(err)
	}
	call := func() {
		q := httptest.NewRequest(http.MethodPost, pbconnect.AdminServicePersonShowProcedure, strings.NewReader(`{"ref":"alice"}`))
		q.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if d.Handler.ServeHTTP(w, q); w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	if n := testing.AllocsPerRun(20, call); n > 400 {
		t.Errorf("a call takes %.0f allocations", n)
	}
}
