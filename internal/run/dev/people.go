package dev

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
	"github.com/holdfast-pay/holdfast/walletclient"
)

// demoPIN is the PIN of all demo people.
const demoPIN = "271828"

// The red packet that the group of demo people shares.
const (
	packetShares       = 3
	packetTotal  int64 = 6_66
)

// demoPerson is a demo payer with a phone, as sandbox.json tells of them.
type demoPerson struct {
	Ref   string `json:"ref"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	PIN   string `json:"pin"`
	// WalletPath is the file of their device: holdfast wallet show --wallet FILE.
	WalletPath string `json:"wallet_path"`
}

// mail takes one-time codes on their way to phones: to the demo people, who are in
// this process, or to whoever tries the sandbox.
type mail struct {
	mu      sync.Mutex
	waiting map[string]chan string // by phone number
	others  func(line string)
}

const codeFor = "one-time code for "

// take takes a node's line. It returns false for lines that are no codes.
func (m *mail) take(line string) bool {
	phone, digits, ok := strings.Cut(strings.TrimPrefix(line, codeFor), ": ")
	if !strings.HasPrefix(line, codeFor) || !ok {
		return false
	}
	m.mu.Lock()
	to := m.waiting[phone]
	m.mu.Unlock()
	if to == nil {
		m.others(line)
		return true
	}
	select {
	case to <- digits:
	default: // the first one serves
	}
	return true
}

// await has the next code for a phone number go to the caller.
func (m *mail) await(phone string) <-chan string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = map[string]chan string{}
	}
	c := make(chan string, 1)
	m.waiting[phone] = c
	return c
}

// people gives the demo payers their phones, the group its red packet, the shop its till,
// and the taxi driver a phone, a shop by that phone, and its sheet. Payers of a folder made before there were wallets have no number, and
// stay as they are.
func (s *site) people(ctx context.Context, office pbconnect.AdminServiceClient, file *sandboxFile) (err error) {
	if file.Tills, err = counter(ctx, office); err != nil {
		return err
	}
	var urls []string
	for _, p := range s.folder.places(s.addresses) {
		urls = append(urls, "http://"+p.Wallet)
	}
	for _, p := range demoPayers {
		is := s.demo(p)
		device, err := s.device(ctx, is, strings.Join(urls, ","))
		if err != nil {
			return fmt.Errorf("give %s a phone: %w", p.ref, err)
		}
		if device == nil {
			continue
		}
		file.People = append(file.People, is)
		if p.ref == buyer {
			if file.PacketLink, err = s.packet(ctx, dial(device, urls)); err != nil {
				return fmt.Errorf("throw a red packet: %w", err)
			}
		}
	}
	if err := s.taxi(ctx, office, file, urls); err != nil {
		return fmt.Errorf("open the taxi driver's shop: %w", err)
	}
	return file.write(s.folder.path("sandbox.json"))
}

// demo is a demo payer with a phone.
func (s *site) demo(p demoPayer) demoPerson {
	return demoPerson{Ref: p.ref, Name: p.name, Phone: p.phone, PIN: demoPIN, WalletPath: s.folder.path("people", p.ref+".json")}
}

func dial(d walletclient.Device, urls []string) *walletclient.Client {
	return walletclient.New(d, walletclient.Options{URLs: urls, Lang: "en"})
}

// device is somebody's device, enrolled now or in an earlier run; nil for a payer
// without a number.
func (s *site) device(ctx context.Context, p demoPerson, url string) (*walletclient.File, error) {
	d, err := walletclient.Open(p.WalletPath)
	if errors.Is(err, fs.ErrNotExist) {
		return s.enrol(ctx, p, url)
	}
	if err != nil {
		return nil, err
	}
	if d.URL() != url { // the ports of last time were taken
		err = d.Move(url)
	}
	return d, err
}

// enrol gives somebody a device, by the calls that anybody's phone makes. Its file
// comes to its place last: one that is there is enrolled.
func (s *site) enrol(ctx context.Context, p demoPerson, url string) (*walletclient.File, error) {
	fresh := p.WalletPath + ".new"
	_ = os.Remove(fresh) // of a run that ended before it was enrolled
	d, err := walletclient.Create(fresh, url)
	if err != nil {
		return nil, err
	}
	defer os.Remove(fresh) // gone already when it was renamed
	defer os.Remove(fresh + ".lock")
	c, arrives := dial(d, d.URLs()), s.platform.mail.await(p.Phone)
	if _, err := c.SendCode(ctx, &walletclient.SendCodeRequest{Phone: p.Phone, ClientId: walletclient.NewID()}); err != nil {
		return nil, err
	}
	q := &walletclient.EnrolRequest{Phone: p.Phone, Label: "sandbox"} // without a name: somebody has the number, or nobody gets a wallet
	select {
	case q.Code = <-arrives:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if q.PublicKey, err = d.PublicKey(); err != nil {
		return nil, err
	}
	if _, err = c.Enrol(ctx, q); walletclient.Refused(err, code.DetailsNeeded.String()) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	blind := make([]byte, 16)
	rand.Read(blind)
	_, err = c.SetPin(ctx, &walletclient.SetPinRequest{Pin: p.PIN, Blind: blind})
	if has := walletclient.Refused(err, code.PinNeeded.String()) || walletclient.Refused(err, code.DeviceWaits.String()); err != nil && !has {
		return nil, err
	}
	if err := os.Rename(fresh, p.WalletPath); err != nil {
		return nil, err
	}
	return walletclient.Open(p.WalletPath)
}

// packet is the link of the group's red packet: the last run's while it is open.
func (s *site) packet(ctx context.Context, c *walletclient.Client) (string, error) {
	if link := s.folder.last.PacketLink; link != "" {
		v, err := c.ShowPacket(ctx, &walletclient.ShowPacketRequest{Link: link})
		if err == nil && v.State == "open" {
			return link, nil
		}
	}
	v, err := c.ThrowPacket(ctx, &walletclient.ThrowPacketRequest{ClientId: walletclient.NewID(), Count: packetShares, Total: packetTotal, Lucky: true})
	if walletclient.Refused(err, code.BalanceTooLow.String()) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	s.folder.last.PacketLink = v.Link
	return v.Link, s.folder.remember(s.addresses)
}
