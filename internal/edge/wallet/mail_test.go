package wallet_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// postOffice is a mail server that keeps what it gets.
type postOffice struct {
	address string
	roots   *x509.CertPool
	got     chan letter
}

type letter struct{ from, to, text string }

// openPostOffice runs a mail server with or without TLS.
func openPostOffice(t *testing.T, withTLS bool) *postOffice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{roots: x509.NewCertPool(), got: make(chan letter, 8)}
	p.roots.AddCert(cert)
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{p: p}, nil }))
	if withTLS {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	var served sync.WaitGroup
	served.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		_ = s.Close()
		served.Wait()
	})
	return p
}

type session struct {
	p  *postOffice
	in letter
	ok bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.ok = user == "holdfast" && password == "secret"; !s.ok {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.ok {
		return smtp.ErrAuthRequired
	}
	s.in.from = from
	return nil
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "no such user " + to}
	}
	s.in.to = to
	return nil
}
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.in.text = string(text)
	s.p.got <- s.in
	return err
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// A code goes by mail over TLS, with a password, and in the person's language.
func TestCodesByMail(t *testing.T) {
	t.Parallel()
	p := openPostOffice(t, true)
	m := wallet.Mail{Address: p.address, From: "codes@pay.example.com", User: "holdfast", Password: "secret", Roots: p.roots, Now: time.Now}
	x := wallet.Message{Email: "ming@example.com", Code: "123456", Chinese: true}
	if err := m.Send(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	got := <-p.got
	read, err := mail.ReadMessage(strings.NewReader(got.text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, read.Body))
	if err != nil || got.from != "codes@pay.example.com" || got.to != "ming@example.com" || !strings.Contains(string(body), "123456") || !strings.Contains(string(body), "验证码") {
		t.Errorf("%v: from %s to %s: %s", err, got.from, got.to, body)
	}

	for what, change := range map[string]func(*wallet.Mail, *wallet.Message){
		"a wrong password":       func(m *wallet.Mail, _ *wallet.Message) { m.Password = "other" },
		"no password":            func(m *wallet.Mail, _ *wallet.Message) { m.User = "" },
		"another's certificate":  func(m *wallet.Mail, _ *wallet.Message) { m.Roots = x509.NewCertPool() },
		"nobody at that address": func(_ *wallet.Mail, x *wallet.Message) { x.Email = "nobody@example.com" },
		"a header in an address": func(_ *wallet.Mail, x *wallet.Message) { x.Email = "a@example.com\r\nBcc: b@example.com" },
		"a name and an address":  func(_ *wallet.Mail, x *wallet.Message) { x.Email = "Ming <a@example.com>" },
	} {
		bad, badly := m, x
		change(&bad, &badly)
		if err := bad.Send(t.Context(), badly); err == nil || strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), "123456") {
			t.Errorf("%s: %v", what, err)
		}
	}
	plain := openPostOffice(t, false)
	m.Address, m.Roots = plain.address, plain.roots
	if err := m.Send(t.Context(), x); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without TLS: %v", err)
	}
}

// failing is an SMS provider that is down.
type failing struct{}

func (failing) Send(context.Context, wallet.Message) error { return errors.New("down") }

// Where no SMS can be sent, who has an e-mail address gets the code there; whether
// somebody has, the caller can't tell.
func TestMailWhenNoSMSGoes(t *testing.T) {
	t.Parallel()
	b := open(t)
	p := b.phone("+8613800000001")
	b.code(p)
	q := p.enrolment(b)
	q.Email = "ming@example.com"
	must(t, p.Enrol, q)
	b.core.Sleep(60_000)

	posts := make(chan wallet.Message, 1)
	var log bytes.Buffer
	mailer := wallet.NewMailer(sendTo(posts), slog.New(slog.NewTextHandler(&log, nil)))
	ctx, stop := context.WithCancel(t.Context())
	var ran sync.WaitGroup
	ran.Go(func() { mailer.Run(ctx) })
	defer ran.Wait()
	defer stop()
	cfg := b.config
	cfg.Sender, cfg.Mail = failing{}, mailer
	other := httptest.NewServer(wallet.NewServer(cfg))
	defer other.Close()
	phone := walletclient.Service(http.DefaultClient, other.URL, "en", p.device)
	must(t, phone.SendCode, &pb.SendCodeRequest{Phone: p.number, ClientId: rand.Text()})
	if x := <-posts; x.Email != "ming@example.com" || len(x.Code) != 6 {
		t.Errorf("mailed was %v", x)
	}
	must(t, phone.SendCode, &pb.SendCodeRequest{Phone: "+8613800000002", ClientId: rand.Text()}) // nobody has it: said is the same
	if len(posts) > 0 || strings.Contains(log.String(), "@") {
		t.Errorf("mailed was %v, logged %s", posts, &log)
	}
}

type sendTo chan wallet.Message

func (s sendTo) Send(_ context.Context, m wallet.Message) error {
	s <- m
	return nil
}
