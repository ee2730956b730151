package wallet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"strings"
	"time"
)

// Mail sends one-time codes by e-mail, through a server that must speak TLS (STARTTLS).
type Mail struct {
	// Address is the server's HOST:PORT, From who writes.
	Address, From string
	// User is empty where the server asks for none.
	User, Password string
	// Roots are whose certificates count; nil: the system's.
	Roots *x509.CertPool
	Now   func() time.Time
}

var (
	errNoTLS     = errors.New("send a code by mail: the server offers no STARTTLS")
	errNoAddress = errors.New("send a code by mail: the address is none")
)

// EmailAddress says whether text is a plain e-mail address, local@domain, that a mail can
// go to.
func EmailAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= 254 && !strings.ContainsAny(text, "\r\n \"")
}

// Send implements Sender.
func (m Mail) Send(ctx context.Context, x Message) error {
	if !EmailAddress(x.Email) {
		return errNoAddress
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return errors.New("send a code by mail: the server can't be reached")
	}
	defer conn.Close()
	if until, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(until); err != nil {
			return fmt.Errorf("send a code by mail: %w", err)
		}
	}
	host, _, _ := net.SplitHostPort(m.Address)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("send a code by mail: %w", err)
	}
	if err := m.deliver(c, host, x); err != nil {
		return err
	}
	// It was taken: how the conversation ends changes nothing.
	_ = c.Quit()
	return nil
}

// deliver does not tell what the server says of the recipient, who would be in the log.
func (m Mail) deliver(c *smtp.Client, host string, x Message) error {
	if ok, _ := c.Extension("STARTTLS"); !ok {
		return errNoTLS
	}
	if err := c.StartTLS(&tls.Config{ServerName: host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}); err != nil {
		return fmt.Errorf("send a code by mail: %w", err)
	}
	if m.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.User, m.Password, host)); err != nil {
			return errors.New("send a code by mail: the server does not take user and password")
		}
	}
	if err := c.Mail(m.From); err != nil {
		return errors.New("send a code by mail: the server does not take mail from this sender")
	}
	if err := c.Rcpt(x.Email); err != nil {
		return errors.New("send a code by mail: the server does not take mail for this address")
	}
	w, err := c.Data()
	if err != nil {
		return errors.New("send a code by mail: the server takes no text")
	}
	if _, err := w.Write(m.letter(x)); err != nil {
		return fmt.Errorf("send a code by mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return errors.New("send a code by mail: the server did not take it")
	}
	return nil
}

func (m Mail) letter(x Message) []byte {
	subject := "Your code"
	if x.Chinese {
		subject = "您的验证码"
	}
	_, domain, _ := strings.Cut(m.From, "@")
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n", m.From, x.Email,
		mime.QEncoding.Encode("utf-8", subject), m.Now().Format(time.RFC1123Z), rand.Text(), domain)
	b.WriteString("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	b.WriteString(base64.StdEncoding.EncodeToString([]byte(x.Text())))
	b.WriteString("\r\n")
	return b.Bytes()
}

// Mailer sends mail behind the backs of those who ask for codes: how long it takes, and
// whether it works, must not tell whether somebody has a number and an address.
type Mailer struct {
	by    Sender
	queue chan Message
	log   *slog.Logger
}

// maxMail is how many mails wait at most.
const maxMail = 256

// NewMailer makes a mailer, which sends while Run runs.
func NewMailer(by Sender, log *slog.Logger) *Mailer {
	return &Mailer{by: by, queue: make(chan Message, maxMail), log: log}
}

// Post has a message sent soon; when too many wait it is dropped.
func (m *Mailer) Post(x Message) {
	select {
	case m.queue <- x:
	default:
		m.log.Error("a one-time code was not mailed: too many wait")
	}
}

// Run sends what is posted until ctx ends.
func (m *Mailer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case x := <-m.queue:
			bound, cancel := context.WithTimeout(ctx, sending)
			if err := m.by.Send(bound, x); err != nil && ctx.Err() == nil {
				m.log.Error("a one-time code was not mailed", "err", err)
			}
			cancel()
		}
	}
}
