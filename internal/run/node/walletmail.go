package node

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/holdfast-pay/holdfast/internal/edge/wallet"
)

// mailer sends one-time codes by mail while the node runs; nil where no server is
// configured.
func (n *walletService) mailer() (*wallet.Mailer, error) {
	c := n.mail
	if c.Address == "" {
		return nil, nil
	}
	by := wallet.Mail{Address: c.Address, From: c.From, User: c.User, Now: time.Now}
	if c.PasswordFile != "" {
		password, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read mail.password_file: %w", err)
		}
		by.Password = string(bytes.TrimRight(password, "\r\n"))
	}
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read mail.ca_file: %w", err)
		}
		by.Roots = x509.NewCertPool()
		if !by.Roots.AppendCertsFromPEM(text) {
			return nil, errors.New("mail.ca_file has no certificate")
		}
	}
	m := wallet.NewMailer(by, n.log)
	n.spawn("mail", m.Run)
	return m, nil
}
