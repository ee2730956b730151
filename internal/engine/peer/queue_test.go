package peer

import (
	"testing"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// The list is read off raft's own encoding, which this holds it to.
func TestRaftMessagesHaveTheirList(t *testing.T) {
	t.Parallel()
	bulk := map[raftpb.MessageType]bool{
		raftpb.MsgApp: true, raftpb.MsgAppResp: true, raftpb.MsgSnap: true, raftpb.MsgProp: true,
		raftpb.MsgTransferLeader: true, raftpb.MsgForgetLeader: true, raftpb.MsgUnreachable: true, raftpb.MsgSnapStatus: true,
	}
	urgent := map[raftpb.MessageType]bool{
		raftpb.MsgHeartbeat: true, raftpb.MsgHeartbeatResp: true, raftpb.MsgVote: true, raftpb.MsgVoteResp: true,
		raftpb.MsgPreVote: true, raftpb.MsgPreVoteResp: true, raftpb.MsgTimeoutNow: true,
		raftpb.MsgReadIndex: true, raftpb.MsgReadIndexResp: true,
	}
	for kind, want := range map[bool]map[raftpb.MessageType]bool{true: urgent, false: bulk} {
		for typ := range want {
			term, index := uint64(3), uint64(9)
			raft, err := proto.Marshal(&raftpb.Message{Type: typ.Enum(), Term: &term, Index: &index, To: &term, From: &index})
			if err != nil {
				t.Fatal(err)
			}
			if got := isUrgent(&pb.PeerMessage{Raft: raft}); got != kind {
				t.Errorf("%v: urgent is %v (%x)", typ, got, raft)
			}
		}
	}
	for _, m := range []*pb.PeerMessage{{Status: &pb.PeerStatus{}}, {Mark: &pb.Mark{}}, {Refusal: &pb.PeerRefusal{}}, {}} {
		if !isUrgent(m) {
			t.Errorf("%v is not urgent", m)
		}
	}
	for _, raft := range [][]byte{{8}, {8, 0xff}, {16, 1}, {8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}} {
		if isUrgent(&pb.PeerMessage{Raft: raft}) {
			t.Errorf("%x is urgent", raft)
		}
	}
}

func TestQueueDropsTheOldest(t *testing.T) {
	t.Parallel()
	raft := func(n int) *pb.PeerMessage {
		return &pb.PeerMessage{From: uint64(n), Raft: append([]byte{8, 3}, make([]byte, 1000)...)}
	}
	q := newQueue(10_000)
	q.setConnected(true)
	for i := range 20 {
		q.push(raft(i))
	}
	waiting, bytes, dropped := q.figures()
	if waiting != 9 || bytes > 10_000 || dropped != 11 {
		t.Errorf("%d wait with %d bytes, %d dropped", waiting, bytes, dropped)
	}
	q.push(&pb.PeerMessage{From: 99, Status: &pb.PeerStatus{}})
	want := []uint64{99, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	for _, from := range want {
		if m := q.pop(); m.GetFrom() != from {
			t.Fatalf("got %d, want %d", m.GetFrom(), from)
		}
	}
	if q.pop() != nil {
		t.Error("something is left")
	}
	q.push(raft(1))
	for range urgentCount + 7 {
		q.push(&pb.PeerMessage{Status: &pb.PeerStatus{}})
	}
	if waiting, _, dropped := q.figures(); waiting != urgentCount+1 || dropped != 11+7 {
		t.Errorf("%d wait, %d dropped", waiting, dropped)
	}
	q.setConnected(false)
	if waiting, _, _ := q.figures(); waiting != idleCount+1 {
		t.Errorf("%d are kept while nobody is there", waiting)
	}
	q.push(&pb.PeerMessage{Raft: make([]byte, MaxFrame)})
	if m := q.pop(); m.Status == nil {
		t.Error("a message that fits no frame was taken")
	}
}
