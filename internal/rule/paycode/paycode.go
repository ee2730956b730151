// Package paycode keeps the codes that people show. A payer's device shows a code to
// a till, which places an order with it and has it paid in one command, or takes cash
// for it or hands it out; above what the person pays without a PIN they are asked on the
// spot. A code is good for one deed, of whatever kind. And a person has a code
// by which others pay them.
//
// What makes a payer's code good is a secret that the device and every node's
// keystore can make (code.go), and no command, row or entry has. An edge compares
// digits; applying commands checks what the state knows: whose the alias is, whether
// the code was used, what the person may spend. The journal keeps what was shown.
package paycode

import (
	"bytes"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

// Level is the feature level from which on people show codes.
const Level = 5

const (
	// AliasLife is how long a device that stays offline can show codes.
	AliasLife = 30 * stamp.DayMs
	// ReplacedLife is how long the alias before the newest is good: its codes may be
	// on a screen, or the answer with the new one may be lost.
	ReplacedLife = stamp.DayMs
	// keptSteps is for how many steps before the latest used one a device's used codes
	// are remembered; older ones have run out, whoever says otherwise.
	keptSteps = 8
	// AskLife is how long a payer who is asked has to answer.
	AskLife = 2 * stamp.Minute
	// maxAsked is how much may wait for one person: orders, and cash.
	maxAsked = 3
	// ReceiveSize is the length of the code by which a person is paid, in bytes.
	ReceiveSize = 16
)

var (
	aliases  = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.PayAliases}
	codes    = table.Of[pb.PayCodes, *pb.PayCodes]{ID: table.PayCodes}
	receives = table.Of[pb.PersonRef, *pb.PersonRef]{ID: table.ReceiveCodes}
)

func aliasKey(alias uint32) table.Key  { return table.K(table.PayAliases).U32(alias) }
func codesKey(uid uint64) table.Key    { return table.K(table.PayCodes).U64(uid) }
func receiveKey(code []byte) table.Key { return table.K(table.ReceiveCodes).Str(string(code)) }
func entity(uid uint64) string         { return "paycodes/" + strconv.FormatUint(uid, 10) }
func put(tx table.Txn, c *pb.PayCodes) { codes.Put(tx, codesKey(c.Uid), c) }

// Of is what a person shows; nothing is in it before they asked for any.
func Of(r table.Reader, uid uint64) *pb.PayCodes {
	if c, ok := codes.Get(r, codesKey(uid)); ok {
		return c
	}
	return &pb.PayCodes{Uid: uid}
}

// Scan visits what all people show, in the order of their uids.
func Scan(r table.Reader, visit func(*pb.PayCodes) bool) {
	from, to := table.Range(table.PayCodes)
	codes.Scan(r, from, to, func(_ []byte, c *pb.PayCodes) bool { return visit(c) })
}

// ByAlias finds the device that an alias stands for, and what its person shows; nil
// where it stands for none.
func ByAlias(r table.Reader, alias uint32) (*pb.PayCodes, *pb.PayDevice, *pb.PayAlias) {
	owner, ok := aliases.Get(r, aliasKey(alias))
	if !ok {
		return nil, nil, nil
	}
	c := codes.Need(r, codesKey(owner.Uid))
	for _, dev := range c.Devices {
		for _, a := range dev.Aliases {
			if a.Alias == alias {
				return c, dev, a
			}
		}
	}
	return nil, nil, nil
}

// ByReceive finds who is paid by a code, 0 where nobody is.
func ByReceive(r table.Reader, code []byte) uint64 {
	if owner, ok := receives.Get(r, receiveKey(code)); ok {
		return owner.Uid
	}
	return 0
}

func device(c *pb.PayCodes, id []byte) *pb.PayDevice {
	for _, dev := range c.Devices {
		if bytes.Equal(dev.Id, id) {
			return dev
		}
	}
	return nil
}
