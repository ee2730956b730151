package machine

import (
	"bytes"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// FuzzEnvelope: reading in place and the generated decoder agree on every input,
// also when the command before left its traces.
func FuzzEnvelope(f *testing.F) {
	f.Add(table.Encode(&pb.Command{Number: 31, Actor: "cashier", RequestId: "r", Origin: 7, At: 1_780_000_000_000, Seed: []byte("0123456789abcdef"), Body: []byte{1, 2}}))
	f.Add(table.Encode(&pb.Command{Number: 1, At: -5}))
	f.Add([]byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Add([]byte{0x12, 0x00, 0x12, 0x01, 'a', 0x48, 0x01})
	f.Add([]byte{0x0b, 0x0c})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want pb.Command
		wantErr := want.UnmarshalVT(raw)
		for _, before := range []string{"", "cashier", "a"} {
			got := pb.Command{Number: 9, Actor: before, RequestId: "left", Origin: 3, At: 4, Seed: []byte("left"), Body: []byte("left")}
			err := decode(&got, raw)
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("in place: %v, generated: %v", err, wantErr)
			}
			if err != nil {
				continue
			}
			if got.Number != want.Number || got.Actor != want.Actor || got.Origin != want.Origin || got.At != want.At ||
				!bytes.Equal(got.Seed, want.Seed) || !bytes.Equal(got.Body, want.Body) {
				t.Fatalf("in place %v, generated %v", &got, &want)
			}
		}
	})
}
