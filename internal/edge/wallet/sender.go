package wallet

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Message is a one-time code on its way.
type Message struct {
	Phone string
	// Email is set for what goes by mail.
	Email   string
	Code    string
	Chinese bool
}

// Text is what the person reads.
func (m Message) Text() string {
	if m.Chinese {
		return "您的验证码是 " + m.Code + "，5 分钟内有效。任何人索要都不要告诉。"
	}
	return "Your code is " + m.Code + ", good for 5 minutes. Tell it to nobody, whoever asks."
}

// Sender sends one-time codes. It forgets them afterwards and writes them nowhere.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Console shows codes where whoever started a sandbox sees them.
type Console struct{ To io.Writer }

// Send implements Sender.
func (c Console) Send(_ context.Context, m Message) error {
	_, err := fmt.Fprintf(c.To, "one-time code for %s: %s\n", m.Phone, m.Code)
	return err
}

// Webhook has an SMS provider's adapter send codes: it gets a POST of
// {"phone", "text", "code", "lang"} and answers 2xx once it has taken the message. It
// knows us by Holdfast-Signature: t=UNIX,v1=HEX, HMAC-SHA256 over "UNIX.BODY" under the
// secret that both have.
type Webhook struct {
	URL    string
	Secret []byte
	Client *http.Client
	Now    func() time.Time
}

// Send implements Sender.
func (h Webhook) Send(ctx context.Context, m Message) error {
	lang := "en"
	if m.Chinese {
		lang = "zh"
	}
	body, err := json.Marshal(map[string]string{"phone": m.Phone, "text": m.Text(), "code": m.Code, "lang": lang})
	if err != nil {
		return fmt.Errorf("send a code: %w", err)
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("send a code: the webhook's address is malformed") // and may hold a token
	}
	at := strconv.FormatInt(h.Now().Unix(), 10)
	mac := hmac.New(sha256.New, h.Secret)
	mac.Write([]byte(at + "."))
	mac.Write(body)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Holdfast-Signature", "t="+at+",v1="+hex.EncodeToString(mac.Sum(nil)))
	a, err := h.Client.Do(q)
	if err != nil {
		return errors.New("send a code: the webhook does not answer")
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 64<<10)) // so that the connection can be used again
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("send a code: the webhook answered %d", a.StatusCode)
	}
	return nil
}
