package packetfile_test

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/holdfast-pay/holdfast/internal/edge/packetfile"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/packet"
)

// made is the packet in testdata/lucky.json.
func made() (*pb.Packet, []*pb.PacketShare) {
	seed := packet.SeedOf([]byte("a key of the tests, of 32 bytes."), 7, "P")
	p := &pb.Packet{Id: 12, Lucky: true, Count: 3, Total: 10_00, Commitment: packet.Commitment(seed), Chain: packet.Commitment(seed), Seed: seed}
	var list []*pb.PacketShare
	for n := range uint32(3) {
		s := &pb.PacketShare{Packet: 12, Uid: uint64(n + 2), Number: n + 1, Nonce: []byte(strings.Repeat(string(rune('a'+n)), packet.NonceSize))}
		s.Amount = packet.Draw(packet.Lot(seed, s.Uid), p.Chain, p.Total-p.Paid, p.Count-n)
		p.Chain = packet.NextChain(p.Chain, s.Nonce)
		if p.Taken, p.Paid = s.Number, p.Paid+s.Amount; s.Amount > p.Best {
			p.Best, p.BestUid = s.Amount, s.Uid
		}
		list = append(list, s)
	}
	return p, list
}

func TestAFileIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	p, list := made()
	text, err := packetfile.Encode(p, list)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/lucky.json")
	if err != nil || string(golden) != string(text) {
		t.Errorf("testdata/lucky.json (%v) should be\n%s", err, text)
	}
	q, read, err := packetfile.Decode(text)
	if err != nil || !proto.Equal(p, q) || len(read) != len(list) {
		t.Fatalf("%v was read as %v, %v", p, q, err)
	}
	for i := range list {
		if !proto.Equal(list[i], read[i]) {
			t.Errorf("%v was read as %v", list[i], read[i])
		}
	}
	if faults := packet.Verify(q, read); len(faults) > 0 {
		t.Error(faults)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	p, list := made()
	text, _ := packetfile.Encode(p, list)
	for name, test := range map[string]struct{ old, new, says string }{
		"another format":  {"holdfast-packet/1", "holdfast-packet/2", "its format is"},
		"another kind":    {`"lucky"`, `"odd"`, "lucky or equal"},
		"a field more":    {`"kind"`, `"tax": 1, "kind"`, "unknown field"},
		"no hexadecimals": {`"seed": "`, `"seed": "xy`, "invalid byte"},
		"a fraction":      {`"total": 1000`, `"total": 10.5`, "10.5"},
		"more after it":   {"]\n}\n", "]\n}\n{}", "more after its end"},
	} {
		if _, _, err := packetfile.Decode([]byte(strings.Replace(string(text), test.old, test.new, 1))); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v does not say %q", name, err, test.says)
		}
	}
	many := strings.Replace(string(text), `"shares": [`, `"shares": [`+strings.Repeat(`{"number": 1, "person": 1, "amount": 1},`, 500), 1)
	if _, _, err := packetfile.Decode([]byte(many)); err == nil || !strings.Contains(err.Error(), "at most 500") {
		t.Errorf("503 shares: %v", err)
	}
}
