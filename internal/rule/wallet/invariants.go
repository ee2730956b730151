package wallet

import (
	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

var invariants = []catalogue.Invariant{
	{Name: "a wallet is somebody's", Check: owned},
	{Name: "a device belongs to one wallet", Check: devicesFound},
	{Name: "one-time codes are forgotten in time", Check: codesTimed},
	{Name: "a wallet knows how many passkeys there are", Check: passkeysCounted},
}

func owned(r table.Reader, _ *pb.Head, report catalogue.Report) {
	Scan(r, func(w *pb.Wallet) bool {
		if _, ok := person.Get(r, w.Uid); !ok {
			return report(entity(w.Uid), "is of a person who is not there")
		}
		return true
	})
}

func devicesFound(r table.Reader, _ *pb.Head, report catalogue.Report) {
	of := map[string]uint64{}
	whole := true
	Scan(r, func(w *pb.Wallet) bool {
		for _, dev := range w.Devices {
			if _, twice := of[string(dev.Id)]; twice {
				whole = report(entity(w.Uid), "has device %x, and so has another", dev.Id)
			}
			of[string(dev.Id)] = w.Uid
		}
		return whole
	})
	from, to := table.Range(table.Devices)
	rows := 0
	devices.Scan(r, from, to, func(k []byte, owner *pb.PersonRef) bool {
		rows++
		f := table.F(k)
		if id := f.Str(); whole && of[id] != owner.Uid {
			whole = report(entity(owner.Uid), "does not have device %x, which is found as its own", id)
		}
		return whole
	})
	if whole && rows != len(of) {
		report("devices", "%d are found, wallets have %d", rows, len(of))
	}
}

func codesTimed(r table.Reader, _ *pb.Head, report catalogue.Report) {
	timed := map[string]bool{}
	from, to := table.Range(table.CodeTimes)
	r.Scan(from, to, func(k, _ []byte) bool {
		timed[string(k)] = true
		return true
	})
	check := func(of uint32, k []byte, at int64) bool {
		f := table.F(k)
		tag := []byte(f.Str())
		if !timed[string(timeKey(at, of, tag))] {
			return report("code", "of tag %x is never forgotten", tag)
		}
		return true
	}
	from, to = table.Range(table.SentCodes)
	codes.Scan(r, from, to, func(k []byte, c *pb.SentCode) bool { return check(ofNumber, k, c.Sends.GetLastAt()) })
	from, to = table.Range(table.CodeSenders)
	senders.Scan(r, from, to, func(k []byte, s *pb.Sends) bool { return check(ofAddress, k, s.LastAt) })
}

func passkeysCounted(r table.Reader, _ *pb.Head, report catalogue.Report) {
	whole := true
	Scan(r, func(w *pb.Wallet) bool {
		if n := len(PasskeysOf(r, w.Uid).List); uint32(n) != w.Passkeys || n > assertion.MaxKeys {
			whole = report(entity(w.Uid), "has %d passkeys, and says %d", n, w.Passkeys)
		}
		return whole
	})
	from, to := table.Range(table.Passkeys)
	passkeys.Scan(r, from, to, func(_ []byte, of *pb.Passkeys) bool {
		if _, ok := Get(r, of.Uid); !ok && whole {
			return report(entity(of.Uid), "has passkeys and is not there")
		}
		return whole
	})
}
