package wallet

import (
	"bytes"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
)

const (
	// CodeLife is how long a one-time code is good.
	CodeLife = 5 * stamp.Minute
	// codeTries is how often a code may be typed wrong.
	codeTries = 5
	// CodePause is the least time between two codes to one number, milliseconds.
	CodePause = 30 * stamp.Second
	// CodesAnHour is how many codes may go to one number in an hour.
	CodesAnHour = 5
	// Codes to one number, and asked for from one address.
	perNumberDay                  = 10
	perAddressHour, perAddressDay = 30, 100
	// unsentAnHour is how many codes of a number in an hour need not count because they
	// could not be sent: a sender that fails for everybody costs no more than that.
	unsentAnHour = 5
	// keepCodes is for how long the counts are needed.
	keepCodes = 25 * stamp.Hour
)

var (
	codes   = table.Of[pb.SentCode, *pb.SentCode]{ID: table.SentCodes}
	senders = table.Of[pb.Sends, *pb.Sends]{ID: table.CodeSenders}
)

func codeKey(tag []byte) table.Key   { return table.K(table.SentCodes).Str(string(tag)) }
func senderKey(tag []byte) table.Key { return table.K(table.CodeSenders).Str(string(tag)) }

// What the rows of table.CodeTimes are of.
const (
	ofNumber  uint32 = 0
	ofAddress uint32 = 1
)

func timeKey(at int64, of uint32, tag []byte) table.Key {
	return table.K(table.CodeTimes).I64(at).U32(of).Str(string(tag))
}

// ApplyCodeSend counts a one-time code before it is sent, and remembers the keyed
// hash by which it will be known. key is the identity: its repeat is the same code.
// A new code replaces the one before. One that could not be sent is taken back: it does
// not count any more, and the next need not wait; should it arrive after all, it is good
// until then.
//
// Refuses, in this order: PhoneTagInvalid, ConsentNeeded (no key), CodeTooSoon,
// CodeTooMany.
func ApplyCodeSend(d *deed.Deed, c *pb.CodeSend) (code.Code, *pb.SentCode) {
	switch {
	case len(c.PhoneTag) != TagSize || len(c.AddressTag) != TagSize || len(c.Proof) != TagSize:
		return code.PhoneTagInvalid, nil
	case len(c.Key) != KeySize:
		return code.ConsentNeeded, nil
	}
	sent, ok := codes.Get(d.Tx, codeKey(c.PhoneTag))
	switch {
	case c.Unsent:
		return code.OK, takeBack(d, c, sent)
	case !ok:
		sent = &pb.SentCode{Sends: &pb.Sends{}}
	case bytes.Equal(sent.Key, c.Key):
		return code.OK, sent
	case d.At < sent.Sends.LastAt+CodePause && len(sent.Key) > 0:
		return code.CodeTooSoon, nil
	}
	from, ok := senders.Get(d.Tx, senderKey(c.AddressTag))
	if !ok {
		from = &pb.Sends{}
	}
	numberAt, addressAt := sent.Sends.LastAt, from.LastAt
	if !more(d, sent.Sends, CodesAnHour, perNumberDay) || !more(d, from, perAddressHour, perAddressDay) {
		return code.CodeTooMany, nil
	}
	// From here the command succeeds.
	sent.Proof, sent.Key, sent.Until, sent.Failed, sent.Used = c.Proof, c.Key, d.At+CodeLife, 0, false
	codes.Put(d.Tx, codeKey(c.PhoneTag), sent)
	senders.Put(d.Tx, senderKey(c.AddressTag), from)
	touch(d, numberAt, ofNumber, c.PhoneTag)
	touch(d, addressAt, ofAddress, c.AddressTag)
	d.Record("code", "", nil)
	return code.OK, sent
}

// takeBack un-counts a code that could not be sent. What is not the last one to its
// number, or was used, is left as it is.
func takeBack(d *deed.Deed, c *pb.CodeSend, sent *pb.SentCode) *pb.SentCode {
	if sent == nil || sent.Used || !bytes.Equal(sent.Key, c.Key) || sent.Sends.Unsent >= unsentAnHour {
		return sent
	}
	// From here the command succeeds.
	sent.Key = nil
	sent.Sends.Unsent++
	less(sent.Sends)
	codes.Put(d.Tx, codeKey(c.PhoneTag), sent)
	if from, ok := senders.Get(d.Tx, senderKey(c.AddressTag)); ok {
		less(from)
		senders.Put(d.Tx, senderKey(c.AddressTag), from)
	}
	d.Record("code", "", nil)
	return sent
}

// less counts one code less.
func less(s *pb.Sends) {
	if s.InHour > 0 && s.InDay > 0 {
		s.InHour, s.InDay = s.InHour-1, s.InDay-1
	}
}

// more counts one code more, if the hour and the day have room for it.
func more(d *deed.Deed, s *pb.Sends, perHour, perDay uint32) bool {
	hour, day := d.At/stamp.Hour, stamp.DayNumber(d.At, d.Offset)
	if hour != s.Hour {
		s.Hour, s.InHour, s.Unsent = hour, 0, 0
	}
	if day != s.Day {
		s.Day, s.InDay = day, 0
	}
	s.InHour, s.InDay, s.LastAt = s.InHour+1, s.InDay+1, d.At
	return s.InHour <= perHour && s.InDay <= perDay
}

// touch moves the time at which a row is looked at for being old.
func touch(d *deed.Deed, before int64, of uint32, tag []byte) {
	if before != 0 {
		d.Tx.Delete(timeKey(before, of, tag))
	}
	d.Tx.Set(timeKey(d.At, of, tag), nil)
}

// Proven says whether a proof is that of the code which went to a number last. It is
// for an edge that has work to do before it enrols a device; the command decides.
func Proven(r table.Reader, phoneTag, proof []byte) bool {
	sent, ok := codes.Get(r, codeKey(phoneTag))
	return ok && !sent.Used && sent.Failed < codeTries && bytes.Equal(sent.Proof, proof)
}

// openCode finds the code that is under way to a number.
func openCode(d *deed.Deed, phoneTag []byte) (*pb.SentCode, code.Code) {
	sent, ok := codes.Get(d.Tx, codeKey(phoneTag))
	if !ok || sent.Used || d.At >= sent.Until || sent.Failed >= codeTries {
		return nil, code.CodeExpired
	}
	return sent, code.OK
}

// tryCode compares a proof, and uses the code up or counts a wrong try. The proof is
// a keyed hash, so that how long the comparison takes tells nothing of the code.
func tryCode(d *deed.Deed, phoneTag []byte, sent *pb.SentCode, proof []byte) (right bool) {
	if right = bytes.Equal(sent.Proof, proof); right {
		sent.Used = true
	} else {
		sent.Failed++
	}
	codes.Put(d.Tx, codeKey(phoneTag), sent)
	return right
}

func left(sent *pb.SentCode) uint32 { return codeTries - min(sent.Failed, codeTries) }

// Forget removes codes and counts that nobody needs any more: at most limit.
func Forget(d *deed.Deed, limit int) (looked int) {
	from, _ := table.Range(table.CodeTimes)
	var old []table.Key
	d.Tx.Scan(from, table.K(table.CodeTimes).I64(d.At-keepCodes+1), func(k, _ []byte) bool {
		old = append(old, append(table.Key(nil), k...))
		return len(old) < limit
	})
	for _, k := range old {
		f := table.F(k)
		f.I64()
		of, tag := f.U32(), []byte(f.Str())
		if of == ofNumber {
			d.Tx.Delete(codeKey(tag))
		} else {
			d.Tx.Delete(senderKey(tag))
		}
		d.Tx.Delete(k)
	}
	if len(old) > 0 {
		d.Record("code", "", nil)
	}
	return len(old)
}

// NextForget is when the oldest code or count is to be removed.
func NextForget(r table.Reader, _ *pb.Head) (at int64, ok bool) {
	from, to := table.Range(table.CodeTimes)
	r.Scan(from, to, func(k, _ []byte) bool {
		f := table.F(k)
		at, ok = f.I64()+keepCodes, true
		return false
	})
	return at, ok
}
