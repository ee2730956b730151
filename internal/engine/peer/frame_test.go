package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

func framesOf(t testing.TB, messages ...*pb.PeerMessage) []byte {
	t.Helper()
	var all []byte
	for _, m := range messages {
		b, err := appendFrame(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// FuzzFrames feeds the reader with anything: it answers whole messages, which
// encode to frames that read back equal, or an error, and takes no more memory
// than what arrived.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{4, 0, 0, 0, 8, 1})
	f.Add(framesOf(f, &pb.PeerMessage{From: 1, FromIncarnation: 2, To: 3},
		&pb.PeerMessage{From: 1, Raft: []byte{8, 3, 1}, Standing: &pb.Standing{Term: 1, LastIndex: 1 << 60}},
		&pb.PeerMessage{Status: &pb.PeerStatus{Asks: true, Members: &pb.Members{Members: []*pb.Member{{Name: "a"}}}}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := frames{r: bytes.NewReader(data), max: MaxFrame}
		read := 0
		for {
			m, n, err := r.next()
			if err != nil {
				if m != nil {
					t.Fatal("a message beside an error")
				}
				break
			}
			read += n
			again := frames{r: bytes.NewReader(framesOf(t, m)), max: MaxFrame}
			back, _, err := again.next()
			if err != nil || !proto.Equal(m, back) {
				t.Fatalf("%v reads back as %v: %v", m, back, err)
			}
			isUrgent(m)
			isGreeting(m)
		}
		if read > len(data) || cap(r.buf) > 2*len(data)+2*growStep {
			t.Fatalf("%d bytes were read of %d, the buffer holds %d", read, len(data), cap(r.buf))
		}
	})
}

func TestFrameLengths(t *testing.T) {
	t.Parallel()
	long := &pb.PeerMessage{Raft: make([]byte, 3<<20)} // several steps, not kept
	r := frames{r: bytes.NewReader(framesOf(t, long, &pb.PeerMessage{From: 1})), max: MaxFrame}
	for _, want := range []int{3 << 20, 0} {
		if m, _, err := r.next(); err != nil || len(m.Raft) != want {
			t.Fatalf("%d bytes of raft, want %d: %v", len(m.GetRaft()), want, err)
		}
	}
	if _, _, err := r.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if _, err := appendFrame(nil, new(pb.PeerMessage)); !errors.Is(err, ErrFrame) {
		t.Errorf("an empty message: %v", err)
	}
	for _, size := range []uint32{0, MaxFrame + 1, 1 << 31} {
		r := frames{r: bytes.NewReader(binary.BigEndian.AppendUint32(nil, size)), max: MaxFrame}
		if _, _, err := r.next(); !errors.Is(err, ErrFrame) {
			t.Errorf("length %d: %v", size, err)
		}
	}
	r = frames{r: bytes.NewReader([]byte{0, 0, 0, 9, 1}), max: MaxFrame}
	if _, _, err := r.next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut off: %v", err)
	}
}
