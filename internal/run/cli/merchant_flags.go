package cli

import (
	"crypto/rand"
	"errors"
	"flag"
	"strings"
	"time"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// keyFlags give an APIv3 key without putting it on the command line, where
// every user of the machine could read it.
type keyFlags struct {
	file string
	draw bool
}

func (k *keyFlags) flags(fs *flag.FlagSet) {
	fileVar(fs, &k.file, "apiv3-key-file", "read the APIv3 key (32 letters and digits) from `FILE`, - for standard input")
	fs.BoolVar(&k.draw, "new-apiv3-key", false, "draw a fresh APIv3 key and print it once")
}

// read returns the key, or "" when none was asked for.
func (k *keyFlags) read(env *Env) (string, error) {
	if k.draw && k.file != "" {
		return "", usage("choose one of them", "--apiv3-key-file and --new-apiv3-key exclude each other")
	}
	if k.draw {
		return drawKey(), nil
	}
	text, err := readText(env, k.file)
	key := strings.TrimSpace(text)
	if err == nil && k.file != "" && len(key) != 32 {
		return "", usage("write the key alone into the file, or use --new-apiv3-key", "an APIv3 key has 32 characters, %s has %d", k.file, len(key))
	}
	return key, err
}

func (k *keyFlags) drawn(key string) drawnKey {
	if !k.draw {
		return ""
	}
	return drawnKey(key)
}

// drawKey draws 32 letters and digits, each equally likely: 190 bits.
func drawKey() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	key := make([]byte, 0, 32)
	var b [64]byte
	for len(key) < 32 {
		rand.Read(b[:])
		for _, v := range b {
			if int(v) < 256/len(letters)*len(letters) && len(key) < 32 { // no letter is favoured
				key = append(key, letters[int(v)%len(letters)])
			}
		}
	}
	return string(key)
}

var keyModes = map[string]pb.KeyMode{
	"certificate": pb.KeyMode_KEY_MODE_CERTIFICATE,
	"public-key":  pb.KeyMode_KEY_MODE_PUBLIC_KEY,
	"both":        pb.KeyMode_KEY_MODE_BOTH,
}

// settingFlags are the merchant's settings; those not given stay as they are.
type settingFlags struct {
	mode                      choice
	refundInterval            time.Duration
	intervalSet               bool
	allowHTTP, strict, weixin optionalBool
	hosts                     listFlag
	anyHost                   bool
	tillNotify                string
}

func (s *settingFlags) flags(fs *flag.FlagSet) {
	s.mode.of = []string{"certificate", "public-key", "both"}
	fs.Var(&s.mode, "key-mode", "what answers and notices are signed with: certificate, public-key or both; a `MODE`")
	fs.Func("refund-interval", "least `TIME` between partial refunds of one order, whole seconds, 0s for none", func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d < 0 || d%time.Second != 0 || d > 24*time.Hour {
			return errors.New("it is not a time of whole seconds up to 24h, like 60s")
		}
		s.refundInterval, s.intervalSet = d, true
		return nil
	})
	fs.Var(&s.allowHTTP, "allow-http", "let callbacks go to http:// addresses")
	fs.Var(&s.strict, "strict", "refuse unknown parameters in request bodies")
	fs.Var(&s.weixin, "weixin-code-url", "answer weixin:// links as code_url instead of the cashier's")
	fs.Var(&s.hosts, "callback-host", "allow callbacks to this `HOST` only; may be repeated")
	fs.BoolVar(&s.anyHost, "any-callback-host", false, "allow callbacks to any host again")
	fs.StringVar(&s.tillNotify, "till-notify-url", "", "send notices of what tills are paid to this `URL`; none for nowhere")
}

// apply writes what was given over the settings and returns them.
func (s *settingFlags) apply(m *pb.MerchantSettings) *pb.MerchantSettings {
	if s.mode.value != "" {
		m.KeyMode = keyModes[s.mode.value]
	}
	if s.intervalSet {
		m.RefundIntervalS = int32(s.refundInterval / time.Second)
	}
	for _, b := range []struct {
		flag *optionalBool
		to   *bool
	}{{&s.allowHTTP, &m.AllowHttp}, {&s.strict, &m.Strict}, {&s.weixin, &m.WeixinCodeUrl}} {
		if b.flag.set {
			*b.to = b.flag.value
		}
	}
	if s.anyHost {
		m.CallbackHosts = nil
	}
	m.CallbackHosts = append(m.CallbackHosts, s.hosts...)
	switch s.tillNotify {
	case "":
	case "none":
		m.TillNotifyUrl = ""
	default:
		m.TillNotifyUrl = s.tillNotify
	}
	return m
}

// given says whether any setting was named.
func (s *settingFlags) given() bool { return len(s.names()) > 0 }

// names lists the settings that were named, as the API calls them.
func (s *settingFlags) names() (names []string) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"key_mode", s.mode.value != ""}, {"refund_interval_s", s.intervalSet}, {"allow_http", s.allowHTTP.set},
		{"strict", s.strict.set}, {"weixin_code_url", s.weixin.set}, {"callback_hosts", len(s.hosts) > 0 || s.anyHost},
		{"till_notify_url", s.tillNotify != ""},
	} {
		if f.set {
			names = append(names, f.name)
		}
	}
	return names
}
