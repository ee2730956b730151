package diagnose

import (
	"crypto/rsa"
	"fmt"
	"time"
)

// Text is a sentence in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Finding is one thing that was noticed.
type Finding struct {
	// ID names the kind for programs, e.g. "timestamp_milliseconds".
	ID string `json:"id"`
	// Wrong says that this alone makes the request or the notice fail; otherwise
	// it is a remark.
	Wrong bool `json:"wrong"`
	// Field is where it is: a header's part, "url", "body", "key".
	Field string `json:"field"`
	// At is a byte offset into the field, -1 for none.
	At int `json:"at"`
	Text
}

// Report is the outcome of an examination.
type Report struct {
	// Kind is "request" or "notice".
	Kind string `json:"kind"`
	// Verified says that the signature is right for exactly what was given.
	Verified bool `json:"verified"`
	// OK says that nothing is wrong at all.
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings"`
	// Message is what has to be signed, or verified, line by line.
	Message string `json:"message"`
	// Length is the message's length in bytes.
	Length int `json:"message_length"`
	// Signed is the message that was really signed, when it was found and is
	// another one.
	Signed string `json:"signed_message,omitempty"`
	// Key is whose key made the signature, when that is known.
	Key *Text `json:"signed_with,omitempty"`
	// Plaintext is what a notice says, when it could be opened.
	Plaintext string `json:"plaintext,omitempty"`
}

// Key is a public key that somebody is known by.
type Key struct {
	// Mchid is the merchant whose key it is, "" for the platform.
	Mchid string
	// ID is the certificate's serial number, or the public key's id.
	ID     string
	Public *rsa.PublicKey
	// NotBefore and NotAfter bound a certificate; zero for a public key.
	NotBefore, NotAfter time.Time
	Revoked             bool
}

// name is how findings speak of a key.
func (k Key) name() Text {
	if k.Mchid != "" {
		return Text{fmt.Sprintf("商户 %s 的证书 %s", k.Mchid, k.ID), fmt.Sprintf("the certificate %s of merchant %s", k.ID, k.Mchid)}
	}
	if k.NotAfter.IsZero() {
		return Text{"平台公钥 " + k.ID, "the platform's public key " + k.ID}
	}
	return Text{"平台证书 " + k.ID, "the platform certificate " + k.ID}
}

// APIv3Key is the key under which notices to one merchant are sealed.
type APIv3Key struct {
	Mchid string
	Key   []byte
}

// Known is what the examiner knows of the parties. Any of it may be missing.
type Known struct {
	Merchants []Key
	Platform  []Key
	APIv3     []APIv3Key
}

func (k Known) all() []Key {
	return append(append([]Key(nil), k.Merchants...), k.Platform...)
}

// examination gathers what is found.
type examination struct {
	report Report
	known  Known
	now    time.Time
}

func (x *examination) wrong(id, field string, at int, zh, en string) {
	x.report.Findings = append(x.report.Findings, Finding{id, true, field, at, Text{zh, en}})
}

func (x *examination) note(id, field string, at int, zh, en string) {
	x.report.Findings = append(x.report.Findings, Finding{id, false, field, at, Text{zh, en}})
}

// done settles the verdict.
func (x *examination) done() *Report {
	x.report.OK = x.report.Verified
	for _, f := range x.report.Findings {
		x.report.OK = x.report.OK && !f.Wrong
	}
	if x.report.Findings == nil {
		x.report.Findings = []Finding{} // an empty list in JSON, not null
	}
	return &x.report
}

// maxSkew is how far a timestamp may lie from the clock of who checks it.
const maxSkew = 5 * time.Minute
