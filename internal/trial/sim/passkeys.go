package sim

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-pay/holdfast/internal/base/assertion"
	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/base/table"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
	"github.com/holdfast-pay/holdfast/internal/trial/script"
)

// withPasskeys are the verbs about friends' passkeys, which have numbers from 1 on.
var withPasskeys = map[string]bool{"passkey": true, "end-passkey": true, "sign": true}

func credential(who string, number uint64) []byte {
	return fmt.Appendf(nil, "credential %d of %s", number, who)
}

// passkey begins a request about one, which its consent tells from others.
func (c *clients) passkey(r *request, step script.Step) (who string, uid uint64, consent *pb.Consent) {
	who = step.Arg("FRIEND")
	uid = friendUid(who)
	consent = c.friends.consent(uid)
	r.in.order, r.in.uid, r.in.key, r.in.number = "passkeys "+who, uid, step.Arg("NUMBER"), consent.Counter
	r.told = func(output) {}
	return who, uid, consent
}

// withPIN has a request wait for the PIN.
func (c *clients) withPIN(r *request, uid uint64, consent *pb.Consent) {
	g := new(grant)
	r.ready = func() bool { return g.number != 0 }
	r.hopeless = func() bool { return g.refused }
	c.typePIN(uid, consent, g)
}

func (c *clients) addPasskey(r *request, step script.Step) {
	who, uid, consent := c.passkey(r, step)
	c.withPIN(r, uid, consent)
	number := script.Number(r.in.key)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PasskeyAdd, "wallet", "", &pb.PasskeyAdd{
			Uid: uid, Passkey: &pb.Passkey{Credential: credential(who, number), PublicKey: fill(77, byte(number)), Label: "key"}, Consent: consent,
		})
	}
}

func (c *clients) endPasskey(r *request, step script.Step) {
	who, uid, consent := c.passkey(r, step)
	c.withPIN(r, uid, consent)
	number := script.Number(r.in.key)
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PasskeyEnd, "wallet", "", &pb.PasskeyEnd{Uid: uid, Credential: credential(who, number), Consent: consent})
	}
}

// challengeFor is how long a passkey may take to sign, milliseconds.
const challengeFor = 120_000

// sign has a passkey sign the next challenge, which leaves a grant.
func (c *clients) sign(r *request, step script.Step) {
	who, uid, consent := c.passkey(r, step)
	met, asked := uint64(0), false
	r.ready = func() bool { return asked }
	c.follow(&request{
		text: "a challenge is asked for", in: input{verb: "pin", uid: uid},
		looks: func(_ *process, reader table.Reader) code.Code {
			met = wallet.PasskeysOf(reader, uid).Met
			return code.OK
		},
		told: func(output) {
			asked = true
			count := c.passkeys.signed(who + r.in.key)
			consent.Assertion = assertionOf(uid, consent, credential(who, script.Number(r.in.key)), met+1, c.w.now+challengeFor, count)
			r.in.key, r.in.amount = fmt.Sprint(r.in.key, " ", met+1), int64(count)
		},
	})
	r.command = func() *pb.Command {
		return catalogue.NewCommand(catalogue.PasskeyUse, "wallet", "", &pb.PasskeyUse{Uid: uid, Consent: consent})
	}
	r.told = func(out output) {
		if out.code == code.OK {
			c.granted(uid, r.in.number, met+1, out.id)
		}
	}
}

// granted sees that a challenge leaves one grant, for whoever signed it.
func (c *clients) granted(uid, consent, challenge, grant uint64) {
	of := fmt.Sprint("challenge ", uid, " ", challenge)
	is := fmt.Sprint(consent, " ", grant)
	if was := c.passkeys.grants[of]; was != "" && was != is {
		c.w.fail("passkeys", "%s left two grants: %s and %s", of, was, is)
	}
	c.passkeys.grants[of] = is
}

func assertionOf(uid uint64, consent *pb.Consent, credential []byte, number uint64, until int64, count uint32) *pb.Assertion {
	return signedChallenge(credential, count, &pb.Challenge{
		Subject: wallet.Subject(uid), Device: consent.Device, Number: number, Until: until, Mac: fill(assertion.MACSize, byte(consent.Counter)),
	})
}

// signedChallenge is what an authenticator that counts so far makes of a challenge.
func signedChallenge(credential []byte, count uint32, c *pb.Challenge) *pb.Assertion {
	data := append(fill(32, 1), assertion.UserPresent|assertion.UserVerified)
	return &pb.Assertion{
		Credential: credential, AuthenticatorData: binary.BigEndian.AppendUint32(data, count), ClientData: fill(8, 1), Signature: fill(8, 1), Challenge: c,
	}
}

// authenticators count what they sign.
type authenticators struct {
	counts map[string]uint32
	grants map[string]string // by challenge
}

func newAuthenticators() authenticators {
	return authenticators{counts: map[string]uint32{}, grants: map[string]string{}}
}

func (a *authenticators) signed(name string) uint32 {
	a.counts[name]++
	return a.counts[name]
}

// passkeyBook is a friend's passkeys as the checker's own bookkeeper has them.
type passkeyBook struct {
	keys  [passkeysKnown + 1]uint32 // what each has signed, and 1; 0 where there is none
	met   uint64                    // the number of the last challenge
	metBy uint64                    // the consent that came with it
	used  string                    // counters of consents, "2 5"
}

// passkeysKnown is how many a friend may have here.
const passkeysKnown = 4

func (s passkeyBook) step(in input, out output, unknown bool) (bool, book) {
	if lapsed := out.code == code.PinTryUnknown && in.verb != "sign" || out.code == code.ChallengeOver; lapsed && !unknown {
		return true, s // the grant or the challenge is over: nothing happened
	}
	want, next := s.expect(in)
	return unknown || out.code == want, next
}

func (s passkeyBook) expect(in input) (code.Code, passkeyBook) {
	before := s
	first, second, _ := strings.Cut(in.key, " ")
	k := &s.keys[script.Number(first)]
	challenge := script.Number(second)
	switch {
	case in.verb == "passkey" && *k > 0, in.verb == "end-passkey" && *k == 0:
		return code.OK, s
	case in.verb == "sign" && s.met == challenge && s.metBy == in.number:
		return code.OK, s
	case !s.use(in.number):
		return code.CounterUsed, s
	case in.verb == "passkey":
		*k = 1
	case in.verb == "end-passkey":
		*k = 0
	case challenge != s.met+1:
		return code.ChallengeOver, before
	case *k == 0:
		return code.PasskeyUnknown, before
	case uint32(in.amount) < *k:
		return code.PasskeyCounterBack, before
	default:
		*k, s.met, s.metBy = uint32(in.amount)+1, challenge, in.number
	}
	return code.OK, s
}

// use takes a consent, once.
func (s *passkeyBook) use(number uint64) bool {
	counter, used := strconv.FormatUint(number, 10), strings.Fields(s.used)
	if slices.Contains(used, counter) {
		return false
	}
	used = append(used, counter)
	slices.Sort(used)
	s.used = strings.Join(used, " ")
	return true
}
