package trigger

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/netip"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/seal"
	"github.com/holdfast-pay/holdfast/internal/edge/courier"
)

type words struct{ zh, en string }

// fault is a way in which a notice arrives that a merchant must be ready for.
type fault struct {
	name  string
	what  string
	times int
	// refuse says that a careful merchant does not take it.
	refuse bool
	shift  time.Duration
	alter  func(header http.Header, body []byte) []byte
	// good and bad are the verdicts.
	good, bad words
}

var faults = []fault{
	{name: "", what: "a true notice", times: 1,
		good: words{"算作已送达。", "It counts as delivered."},
		bad:  words{"不算已送达：只有 5 秒内的 200 或 204 算；平台会再次发送。", "It does not count as delivered: only 200 or 204 within 5 s do, and the platform would send it again."}},
	{name: "twice", what: "the same notice two times, as after an answer that was lost", times: 2,
		good: words{"两次都算已送达。请确认这笔钱只记了一次账：两次的 id 相同。", "Both count as delivered. Make sure that it was booked once: both have the same id."},
		bad:  words{"两次中有一次没有算作已送达；重复的通知也要应答 200 或 204。", "One of the two does not count as delivered; a repeated notice is answered 200 or 204 too."}},
	{name: "late", what: "a timestamp ten minutes old, as when somebody replays it", times: 1, refuse: true, shift: -10 * time.Minute,
		good: words{"端点拒绝了过期的通知，做得对。", "The endpoint refused a notice ten minutes old, which is right."},
		bad:  words{"端点接受了十分钟前签名的通知：请检查 Wechatpay-Timestamp 与时钟相差不超过 5 分钟。", "The endpoint took a notice signed ten minutes ago: check that Wechatpay-Timestamp is within 5 minutes of the clock."}},
	{name: "forged", what: "signed with a stranger's key", times: 1, refuse: true, alter: forge,
		good: words{"端点拒绝了伪造的通知，做得对。", "The endpoint refused a forged notice, which is right."},
		bad:  words{"端点接受了伪造的通知：任何人都能让它以为钱已到账。请用平台公钥或平台证书验签。", "The endpoint took a forged notice: anybody can make it believe that money came. Verify the signature with the platform's public key or certificate."}},
	{name: "wrong-serial", what: "a key that the merchant doesn't know", times: 1, refuse: true, alter: strange,
		good: words{"端点拒绝了未知密钥签名的通知，做得对。", "The endpoint refused a notice signed with an unknown key, which is right."},
		bad:  words{"端点接受了它不认识的 Wechatpay-Serial：应按该值选择密钥，没有就拒绝。", "The endpoint took a Wechatpay-Serial that it can't know: pick the key by it, and refuse where there is none."}},
	{name: "altered", what: "a body changed after it was signed", times: 1, refuse: true, alter: change,
		good: words{"端点拒绝了被改动的通知，做得对。", "The endpoint refused an altered notice, which is right."},
		bad:  words{"端点接受了签名之后被改动的通知：请对收到的原始字节验签。", "The endpoint took a notice that was altered after signing: verify the signature over the raw bytes as received."}},
}

// Faults lists the names of the faults.
func Faults() (list []string) {
	for _, f := range faults[1:] {
		list = append(list, f.name)
	}
	return list
}

// Describe says what a fault does.
func Describe(name string) string {
	f, _ := faultNamed(name)
	return f.what
}

func faultNamed(name string) (fault, bool) {
	for _, f := range faults {
		if f.name == name {
			return f, true
		}
	}
	return fault{}, false
}

func (f fault) sender(keys courier.Keys, allow []netip.Prefix) courier.Single {
	return courier.Single{Keys: keys, Allow: allow, Shift: f.shift, Alter: f.alter}
}

// forge signs with a key that is nobody's.
func forge(h http.Header, body []byte) []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	signature, err := seal.Sign(key, seal.AnswerMessage(h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce"), body))
	if err != nil {
		panic(err) // a fresh key signs
	}
	h.Set("Wechatpay-Signature", signature)
	return body
}

// strange names a key that doesn't exist; the signature is then nobody's either.
func strange(h http.Header, body []byte) []byte {
	h.Set("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000000000000000000000")
	return forge(h, body)
}

// change alters what stands beside the ciphertext, so that only the signature
// tells.
func change(_ http.Header, body []byte) []byte {
	return bytes.Replace(body, []byte(`"summary":"`), []byte(`"summary":"!`), 1)
}
