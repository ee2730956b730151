package node

import (
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A certificate brings back what is a member, not what was one.
func TestMayReturn(t *testing.T) {
	t.Parallel()
	voter, learner, removed := pb.MemberRole_MEMBER_ROLE_VOTER, pb.MemberRole_MEMBER_ROLE_LEARNER, pb.MemberRole_MEMBER_ROLE_REMOVED
	members := []*pb.Member{{Name: "n1", Role: voter}, {Name: "n2", Role: removed}, {Name: "n2", Role: learner}, {Name: "n3", Role: removed}}
	for _, c := range []struct{ shown, name, says string }{
		{"n1", "n1", ""},
		{"n2", "n2", ""}, // an earlier life of it is gone, it is not
		{"n3", "n3", "node n3 was removed"},
		{"n4", "n4", "node n4 was removed"},
		{"n1", "n2", "is not node n2's"},
		{"", "n1", "is not node n1's"},
		{"", "", "is not node"},
	} {
		err := mayReturn(members, c.shown, c.name)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q as %q: %v, want %q", c.shown, c.name, err, c.says)
		}
	}
}
