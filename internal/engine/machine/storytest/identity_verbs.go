package storytest

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

func credential(name string) []byte { return digest("passkey", name)[:16] }

func passkeyAdd(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.PasskeyAdd{Uid: uid, Passkey: passkeyOf(l), Consent: by}, errors.Join(err, err2)
}

func passkeyOf(l *line) *pb.Passkey {
	k := &pb.Passkey{Credential: credential(l.arg(1)), PublicKey: digest("cose", l.option("key", l.arg(1))), Label: l.option("label", "fingerprint")}
	if l.has("malformed") {
		k.Credential = nil
	}
	return k
}

func passkeyEnd(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.PasskeyEnd{Uid: uid, Credential: credential(l.arg(1)), Consent: by}, errors.Join(err, err2)
}

// passkeyUse has the device of by= meet the challenge n=, which is good until until=.
func passkeyUse(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	if by == nil {
		by = new(pb.Consent)
	}
	device, _, _ := strings.Cut(l.option("for", l.option("by", "")), "#")
	var err3 error
	by.Assertion, err3 = signedBy(s, l, l.arg(1), &pb.Challenge{Subject: wallet.Subject(uid), Device: deviceID(device), Act: by.Act})
	return &pb.PasskeyUse{Uid: uid, Consent: by}, errors.Join(err, err2, err3)
}

// signedBy is what a passkey signs of the challenge n=, which is good until until=.
func signedBy(s *player, l *line, passkey string, c *pb.Challenge) (*pb.Assertion, error) {
	n, err := strconv.ParseUint(l.option("n", "1"), 10, 64)
	count, err2 := strconv.ParseUint(l.option("count", "0"), 10, 32)
	life, err3 := duration(l.option("until", "2m"))
	data := append(digest("rp", ""), assertion.UserPresent|assertion.UserVerified)
	if l.has("unverified") {
		data[len(data)-1] = assertion.UserPresent
	}
	c.Number, c.Until, c.Mac = n, s.now+life, digest("mac", l.option("n", "1"))
	return &pb.Assertion{
		Credential: credential(passkey), AuthenticatorData: binary.BigEndian.AppendUint32(data, uint32(count)), ClientData: []byte("{}"), Signature: []byte("signed"),
		Challenge: c,
	}, errors.Join(err, err2, err3)
}

func deviceSeen(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	return &pb.DeviceSeen{Uid: uid, Device: deviceID(l.arg(1))}, err
}

// spoken seals what somebody says.
func spoken(l *line, name string) *pb.Sealed {
	text, ok := l.options[name]
	if !ok || text == "" {
		return nil
	}
	return &pb.Sealed{KeyId: keyName("K1"), Box: []byte("box of " + text), Hash: digest("words", text)[:16]}
}

func appealFile(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	by, err2 := consent(l)
	return &pb.AppealFile{Uid: uid, ClientId: l.arg(1), Words: spoken(l, "words"), Consent: by}, errors.Join(err, err2)
}

func appealDecide(s *player, l *line) (table.Record, error) {
	uid, err := s.uid(l.arg(0))
	number, err2 := strconv.ParseUint(l.arg(1), 10, 64)
	c := &pb.AppealDecide{Uid: uid, Number: number, Grant: l.has("grant"), Answer: spoken(l, "answer")}
	if l.has("malformed") {
		c.Answer = new(pb.Sealed)
	}
	return c, errors.Join(err, err2)
}

func (s *player) describeAppeal(a *pb.Appeal) map[string]string {
	return map[string]string{"number": num(a.Number), "state": word(a.State, "APPEAL_STATE_"), "filed": s.when(a.FiledAt), "decided": s.when(a.DecidedAt)}
}
