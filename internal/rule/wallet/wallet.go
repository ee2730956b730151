// Package wallet keeps what people pay with: the devices that sign for them, the
// PIN, and what they may move. Rules that move a person's money ask it whether the
// person's consent allows that (Check) and tell it when they do (Leave.Use).
//
// A device is a P-256 key that never leaves it. Whether a signature is good is
// checked by the edge that takes the call, and afterwards by whoever audits the
// journal, which keeps it; applying commands checks only what the state knows.
// Phone numbers, one-time codes and PINs are never in a command: only keyed hashes
// of them are.
package wallet

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/holdfast-pay/holdfast/internal/base/must"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on there are wallets.
const Level = 5

// Lengths in bytes.
const (
	DeviceIDSize = 16
	TagSize      = 32
	KeySize      = 16 // of identities that an edge mints
)

var (
	wallets = table.Of[pb.Wallet, *pb.Wallet]{ID: table.Wallets}
	devices = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.Devices}
)

func key(uid uint64) table.Key      { return table.K(table.Wallets).U64(uid) }
func deviceKey(id []byte) table.Key { return table.K(table.Devices).Str(string(id)) }

// Get reads a person's wallet; there is none before the first device.
func Get(r table.Reader, uid uint64) (*pb.Wallet, bool) { return wallets.Get(r, key(uid)) }

// ByDevice finds the wallet that a device belongs to.
func ByDevice(r table.Reader, id []byte) (*pb.Wallet, bool) {
	owner, ok := devices.Get(r, deviceKey(id))
	if !ok {
		return nil, false
	}
	return wallets.Need(r, key(owner.Uid)), true
}

// Scan visits all wallets in the order of their uids.
func Scan(r table.Reader, visit func(*pb.Wallet) bool) {
	from, to := table.Range(table.Wallets)
	wallets.Scan(r, from, to, func(_ []byte, w *pb.Wallet) bool { return visit(w) })
}

// Device finds a device in a wallet, nil when it is not there.
func Device(w *pb.Wallet, id []byte) *pb.Device {
	for _, d := range w.Devices {
		if bytes.Equal(d.Id, id) {
			return d
		}
	}
	return nil
}

func put(tx table.Txn, w *pb.Wallet) {
	if w.Pin != nil && len(w.Pin.Open) > maxOpen {
		must.Never("at most %d tries of a PIN are open, not %d", maxOpen, len(w.Pin.Open))
	}
	wallets.Put(tx, key(w.Uid), w)
}

func entity(uid uint64) string { return "wallet/" + strconv.FormatUint(uid, 10) }

// Prose is Text for what may have more than one line.
func Prose(s string, most int) bool {
	return Text(strings.ReplaceAll(s, "\n", " "), most)
}

// Text says whether s may be shown to other people: valid UTF-8 of at most so many
// characters, without control characters and without those that change the
// direction of what follows them (Unicode Bidi_Control).
func Text(s string, most int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}
