package node

import (
	"strings"

	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// MailConfig is the server through which one-time codes go by e-mail.
type MailConfig struct {
	Address      string `toml:"address" yaml:"address"`
	From         string `toml:"from" yaml:"from"`
	User         string `toml:"user" yaml:"user"`
	PasswordFile string `toml:"password_file" yaml:"password_file"`
	CAFile       string `toml:"ca_file" yaml:"ca_file"`
}

// mailSection is what can be set about codes by mail.
func mailSection(c *Config) config.Section {
	m := &c.Mail
	return config.Section{
		Name: "mail",
		Settings: []config.Setting{
			config.Key("address", "HOST:PORT of a mail server that offers STARTTLS, often port 587: one-time codes go through it when no SMS can be sent, to people who gave an e-mail address. Empty: none do.", &m.Address),
			config.Key("from", "Address that these mails come from.", &m.From),
			config.Key("user", "User at the server; empty where it asks for none.", &m.User),
			config.File("password_file", "File with the user's password.", &m.PasswordFile),
			config.File("ca_file", "Certificates, PEM, of who signed the server's; empty: the system's.", &m.CAFile),
		},
		Default: func() { *m = MailConfig{} },
		Check:   m.check,
	}
}

func (m *MailConfig) check(k *config.Checker) {
	if m.Address == "" {
		return
	}
	k.Address("address", m.Address)
	k.That(strings.Contains(m.From, "@"), "from", "it is no e-mail address", "who the codes come from, codes@pay.example.com")
	k.That((m.User == "") == (m.PasswordFile == ""), "password_file", "user and password go together", "set both, or none")
}
