package journal

import (
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A receipt says in words why money moved.
func TestReasonsOfPostingsHaveWords(t *testing.T) {
	t.Parallel()
	for n := range pb.PostingCode_name {
		if c := pb.PostingCode(n); n != 0 && reasons[c] == "" {
			t.Errorf("%s has none", c)
		}
	}
}
