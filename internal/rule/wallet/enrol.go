package wallet

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/deed"
	"github.com/holdfast-pay/holdfast/internal/base/stamp"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/person"
)

const (
	// MaxDevices is how many devices a person may have.
	MaxDevices = 10
	// NewDeviceWait is how long a device that joins others may move only a small sum.
	NewDeviceWait = stamp.DayMs
	// maxLabel bounds what a device is called, in characters.
	maxLabel = 40
	// pointSize is the length of an uncompressed P-256 point (SEC 1, 2.3.3).
	pointSize = 65
)

// DeviceID is a device's number: the first 16 bytes of SHA-256 of its public key.
func DeviceID(publicKey []byte) []byte {
	sum := sha256.Sum256(publicKey)
	return sum[:DeviceIDSize]
}

// ApplyDeviceEnrol gives a device to the person behind a phone number, who proves to
// have the number by the code that was sent to it; a number that nobody has becomes a
// new person. The public key is the identity: its repeat, with the proof that was
// right, is the same device. A wrong code is counted, so that it is no refusal: the
// Enrolment is not Right. That the key is a point of the curve is for the edge to see,
// which takes no signature of another.
//
// Refuses, in this order: PhoneTagInvalid, DeviceKeyInvalid, TextInvalid (label);
// DeviceTaken; CodeExpired; and only to a right code, since it tells who is here:
// DetailsNeeded, PersonBlocked, DevicesTooMany.
func ApplyDeviceEnrol(d *deed.Deed, c *pb.DeviceEnrol) (code.Code, *pb.Enrolment) {
	switch {
	case len(c.PhoneTag) != TagSize || len(c.Proof) != TagSize:
		return code.PhoneTagInvalid, nil
	case len(c.PublicKey) != pointSize || c.PublicKey[0] != 4:
		return code.DeviceKeyInvalid, nil
	case c.Label == "" || !Text(c.Label, maxLabel):
		return code.TextInvalid, nil
	}
	id := DeviceID(c.PublicKey)
	if w, ok := ByDevice(d.Tx, id); ok {
		return again(d, c, w, id)
	}
	sent, out := openCode(d, c.PhoneTag)
	if out != code.OK {
		return out, nil
	}
	if !bytes.Equal(sent.Proof, c.Proof) {
		tryCode(d, c.PhoneTag, sent, c.Proof)
		d.Record("code", "", nil)
		return code.OK, &pb.Enrolment{Left: left(sent)}
	}
	p, known := person.ByPhone(d.Tx, c.PhoneTag)
	if out := mayJoin(d, c, p); out != code.OK {
		return out, nil
	}
	// From here the command succeeds.
	tryCode(d, c.PhoneTag, sent, c.Proof)
	if !known {
		p = person.New(d, c.PhoneTag, c.Details)
	}
	join(d, p.Uid, c, id)
	return code.OK, &pb.Enrolment{Right: true, Uid: p.Uid, Device: id, Fresh: !known}
}

// again is the repeat of an enrolment that was done.
func again(d *deed.Deed, c *pb.DeviceEnrol, w *pb.Wallet, id []byte) (code.Code, *pb.Enrolment) {
	sent, ok := codes.Get(d.Tx, codeKey(c.PhoneTag))
	if !bytes.Equal(w.PhoneTag, c.PhoneTag) || !ok || !sent.Used || !bytes.Equal(sent.Proof, c.Proof) {
		return code.DeviceTaken, nil
	}
	return code.OK, &pb.Enrolment{Right: true, Uid: w.Uid, Device: id}
}

// mayJoin checks what does not depend on the code; p is nil for a new person.
func mayJoin(d *deed.Deed, c *pb.DeviceEnrol, p *pb.Person) code.Code {
	if p == nil {
		if !person.ValidSealed(c.Details) {
			return code.DetailsNeeded
		}
		return code.OK
	}
	if p.Blocked {
		return code.PersonBlocked
	}
	if w, ok := Get(d.Tx, p.Uid); ok && len(w.Devices) >= MaxDevices {
		return code.DevicesTooMany
	}
	return code.OK
}

// join adds the device to the person's wallet, which begins with the first. A device
// that joins others waits before it may move more than a small sum: who took over a
// phone number gains little, and the others see it coming.
func join(d *deed.Deed, uid uint64, c *pb.DeviceEnrol, id []byte) {
	w, ok := Get(d.Tx, uid)
	if !ok {
		w = &pb.Wallet{Uid: uid, FreeLimit: DefaultFreeLimit, Grade: 1, PhoneTag: c.PhoneTag}
	}
	dev := &pb.Device{Id: id, PublicKey: c.PublicKey, Label: c.Label, AddedAt: d.At, TrustedAt: d.At, SeenAt: d.At}
	if ok {
		dev.TrustedAt += NewDeviceWait
	}
	w.Devices = append(w.Devices, dev)
	put(d.Tx, w)
	devices.Put(d.Tx, deviceKey(id), &pb.PersonRef{Uid: uid})
	// The key stays in the journal when the device has ended: its consents are checked
	// with it for ever.
	d.Record(entity(uid), base64.StdEncoding.EncodeToString(c.PublicKey), nil)
}

// ApplyDeviceEnd ends a device of the person who consents, the one in their hand
// included. It takes no PIN: who lost a phone must be able to end it at once. Only a
// device that still waits to be trusted needs one to end those that were there before
// it: who took over a phone number must not silence its owner. What is ended already
// is done.
//
// Refuses, in this order: what wallet.CheckAct refuses; DeviceWaits.
func ApplyDeviceEnd(d *deed.Deed, c *pb.DeviceEnd) (code.Code, *pb.Wallet) {
	if w, ok := Get(d.Tx, c.Uid); ok && Device(w, c.Device) == nil {
		return code.OK, w
	}
	leave, out := CheckAct(d, c.Uid, c.Consent, false)
	if out != code.OK {
		return out, nil
	}
	w := leave.Wallet()
	if leave.waits(d) && c.Consent.Grant == 0 && Device(w, c.Device).AddedAt < leave.device.AddedAt {
		return code.DeviceWaits, nil
	}
	// From here the command succeeds.
	var kept []*pb.Device
	for _, dev := range w.Devices {
		if !bytes.Equal(dev.Id, c.Device) {
			kept = append(kept, dev)
		}
	}
	w.Devices = kept
	leave.Use(d)
	d.Tx.Delete(deviceKey(c.Device))
	d.Record(entity(w.Uid), "", nil)
	d.Consent(c.Consent)
	return code.OK, w
}
