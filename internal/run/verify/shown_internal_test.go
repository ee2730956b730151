package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// A code is taken once, from a device that has its alias; whatever else a node wrote
// into the journal is found.
func TestShownCodesAreLookedAt(t *testing.T) {
	t.Parallel()
	phone, other := []byte("phone"), []byte("other")
	renew := func(alias string, device []byte) *pb.Entry {
		return &pb.Entry{Number: uint32(catalogue.PayCodeRenew), Name: alias, Consent: &pb.Consent{Device: device}}
	}
	paid := func(alias uint32, device []byte, step uint64, tap uint32) *pb.Entry {
		return &pb.Entry{Number: uint32(catalogue.CodePay), Shown: &pb.ShownCode{Alias: alias, Device: device, Step: step, Tap: tap}}
	}
	honest := []*pb.Entry{renew("000000007", phone), paid(7, phone, 100, 0), paid(7, phone, 100, 1), renew("000000008", phone), paid(7, phone, 101, 0), paid(8, phone, 102, 0)}
	for _, c := range []struct {
		what  string
		entry *pb.Entry
		fault string
	}{
		{"a code once more", paid(7, phone, 100, 1), "entry 2"},
		{"one instant under both aliases", paid(8, phone, 101, 0), "entry 4"},
		{"an alias of nobody", paid(9, phone, 103, 0), "never signed for"},
		{"another device's alias", paid(7, other, 103, 0), "never signed for"},
		{"an alias that nobody asked for", &pb.Entry{Number: uint32(catalogue.PayCodeRenew), Name: "000000009"}, "did not ask for"},
		{"an alias that is none", renew("x", phone), "is none"},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			var faults []string
			s := newShown(func(_ uint64, what string) { faults = append(faults, what) })
			for i, e := range honest {
				s.add(uint64(i), e)
			}
			if len(faults) > 0 {
				t.Fatalf("nothing was made up yet: %q", faults)
			}
			s.add(uint64(len(honest)), c.entry)
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, c.fault) }) {
				t.Errorf("found %q, want %q", faults, c.fault)
			}
		})
	}
}
