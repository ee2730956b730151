package storytest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/money"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// digest stands for the keyed hashes that an edge makes.
func digest(what, of string) []byte {
	sum := sha256.Sum256([]byte(what + " " + of))
	return sum[:]
}

// minted is an identity that an edge makes; "" is none.
func minted(of string) []byte {
	if of == "" {
		return nil
	}
	return digest("key", of)[:wallet.KeySize]
}

// publicKey looks like the public key of a device; "bad" like none.
func publicKey(device string) []byte {
	if device == "bad" {
		return []byte("bad")
	}
	return append([]byte{4}, append(digest("x", device), digest("y", device)...)...)
}

func deviceID(name string) []byte { return wallet.DeviceID(publicKey(name)) }

// consent reads by=DEVICE#COUNTER or by=DEVICE#COUNTER!GRANT.
func consent(l *line) (*pb.Consent, error) {
	by, ok := l.options["by"]
	if !ok {
		return nil, nil
	}
	device, rest, _ := strings.Cut(by, "#")
	count, grant, granted := strings.Cut(rest, "!")
	c := &pb.Consent{Device: deviceID(device), Signed: digest("signed", by), Signature: bytes.Repeat([]byte{7}, 64)}
	var err, err2 error
	c.Counter, err = strconv.ParseUint(count, 10, 64)
	if granted {
		c.Grant, err2 = strconv.ParseUint(grant, 10, 64)
	}
	if act := l.option("act", ""); act != "" {
		c.Act = digest("act", act)[:16]
	}
	return c, errors.Join(err, err2)
}

func codeSend(_ *player, l *line) (table.Record, error) {
	phone := l.arg(0)
	return &pb.CodeSend{
		PhoneTag: tag(phone), AddressTag: tag(l.option("from", "home of "+phone)),
		Proof: proof(phone, l), Key: minted(l.option("key", l.text+strconv.Itoa(l.number))),
		Unsent: l.has("unsent"),
	}, nil
}

func proof(phone string, l *line) []byte {
	return digest("proof of "+phone, l.option("digits", "111111"))
}

func deviceEnrol(_ *player, l *line) (table.Record, error) {
	phone, device := l.arg(0), l.arg(1)
	c := &pb.DeviceEnrol{PhoneTag: tag(phone), Proof: proof(phone, l), PublicKey: publicKey(device), Label: l.option("label", "phone")}
	if l.option("details", "") != "none" {
		c.Details = &pb.Sealed{KeyId: hex.EncodeToString(digest("data key", phone)[:16]), Box: []byte("box of " + phone), Hash: digest("hash", phone)[:16]}
	}
	return c, nil
}

func deviceEnd(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.DeviceEnd{Uid: uid, Device: deviceID(l.arg(1)), Consent: by}, errors.Join(err, err2)
}

func pinSet(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.PinSet{Uid: uid, Hash: l.option("hash", "$argon2id$of "+l.arg(1)), Consent: by}, errors.Join(err, err2)
}

func pinForget(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.PinForget{Uid: uid, Proof: proof(l.arg(0), l), Consent: by}, errors.Join(err, err2)
}

func pinReserve(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.PinReserve{Uid: uid, Device: deviceID(l.arg(1)), Key: minted(l.arg(2))}, err
}

func pinResult(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	number, err2 := strconv.ParseUint(l.arg(1), 10, 64)
	return &pb.PinResult{Uid: uid, Number: number, Right: l.has("right")}, errors.Join(err, err2)
}

func freeLimitSet(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	fen, err2 := amount(l.arg(1))
	by, err3 := consent(l)
	return &pb.FreeLimitSet{Uid: uid, Limit: fen, Consent: by}, errors.Join(err, err2, err3)
}

func gradeSet(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	grade, err2 := strconv.ParseUint(l.arg(1), 10, 32)
	return &pb.GradeSet{Uid: uid, Grade: uint32(grade)}, errors.Join(err, err2)
}

func limitsSet(_ *player, l *line) (table.Record, error) {
	grade, err := strconv.ParseUint(l.arg(0), 10, 32)
	act, err2 := amount(l.option("act", "0"))
	day, err3 := amount(l.option("day", "0"))
	year, err4 := amount(l.option("year", "0"))
	minute, err5 := strconv.ParseUint(l.option("minute", "30"), 10, 32)
	limits := &pb.Limits{Grade: uint32(grade), PerAct: act, PerDay: day, PerYear: year, PerMinute: uint32(minute)}
	rules, err6 := velocity(l.option("pace", ""))
	limits.Velocity = rules
	return &pb.LimitsSet{Limits: limits}, errors.Join(err, err2, err3, err4, err5, err6)
}

// velocity reads rules like 10m:3:50.00, with commas between them.
func velocity(s string) (list []*pb.Velocity, err error) {
	for rule := range strings.SplitSeq(s, ",") {
		if rule == "" {
			continue
		}
		window, rest, _ := strings.Cut(rule, ":")
		acts, sum, _ := strings.Cut(rest, ":")
		v := new(pb.Velocity)
		n, err1 := strconv.ParseUint(acts, 10, 32)
		v.Acts = uint32(n)
		var err2, err3 error
		v.WindowMs, err2 = duration(window)
		v.Sum, err3 = amount(sum)
		list, err = append(list, v), errors.Join(err, err1, err2, err3)
	}
	return list, err
}

func walletPay(s *player, l *line) (table.Record, error) {
	pay, err := orderPay(s, l)
	if err != nil {
		return nil, err
	}
	by, err := consent(l)
	p := pay.(*pb.OrderPay)
	return &pb.WalletPay{PrepayId: p.PrepayId, Uid: p.Uid, Attempt: p.Attempt, Consent: by}, err
}

func (s *player) describeWallet(w *pb.Wallet) map[string]string {
	out := map[string]string{
		"devices": strconv.Itoa(len(w.Devices)), "passkeys": num(w.Passkeys), "free": money.Format(w.FreeLimit), "grade": num(w.Grade), "today": money.Format(w.SpentDay), "year": money.Format(w.SpentYear),
		"failed": num(w.Pin.GetFailed()), "locked": s.when(w.Pin.GetLockedUntil()), "open": strconv.Itoa(len(w.Pin.GetOpen())),
		"grants": strconv.Itoa(len(w.Pin.GetGrants())), "reset": s.when(w.Pin.GetResetAt()), "pin": strings.TrimPrefix(w.Pin.GetHash(), "$argon2id$of "),
	}
	for i, d := range w.Devices {
		out[fmt.Sprintf("trusted%d", i+1)] = s.when(d.TrustedAt)
		out[fmt.Sprintf("seen%d", i+1)] = s.when(d.SeenAt)
	}
	return out
}
