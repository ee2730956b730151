package shop

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// Order is one order as the shop keeps it.
type Order struct {
	OutTradeNo  string    `json:"out_trade_no"`
	Description string    `json:"description"`
	Total       int64     `json:"total"`
	PlacedAt    time.Time `json:"placed_at"`
	// Pay is how it is paid: native, which "" is too, h5 or jsapi.
	Pay string `json:"pay,omitempty"`
	// Items are what was bought, of the catalogue.
	Items []Item `json:"items,omitempty"`
	// One of these leads to the payment.
	CodeURL    string            `json:"code_url,omitempty"`
	H5URL      string            `json:"h5_url,omitempty"`
	Invocation map[string]string `json:"invocation,omitempty"`
	// Openid is who pays by JSAPI.
	Openid        string    `json:"openid,omitempty"`
	Closed        bool      `json:"closed,omitempty"`
	TransactionID string    `json:"transaction_id,omitempty"`
	PaidAt        time.Time `json:"paid_at,omitzero"`
	Refunded      int64     `json:"refunded,omitempty"`
}

// Paid says whether the platform told so, in a verified notice or answer.
func (o Order) Paid() bool { return o.TransactionID != "" }

// Item is so many of one good, at the price of then.
type Item struct {
	ID    string `json:"id"`
	Count int64  `json:"count"`
	Price int64  `json:"price"`
}

// Notice is one callback as the shop keeps it. Repeats of the same id count up
// and change nothing else.
type Notice struct {
	ID         string    `json:"id"`
	EventType  string    `json:"event_type"`
	OutTradeNo string    `json:"out_trade_no"`
	At         time.Time `json:"at"`
	Repeats    int       `json:"repeats,omitempty"`
}

// record is one line of the book: an order or a notice in its newest form.
type record struct {
	Order  *Order  `json:"order,omitempty"`
	Notice *Notice `json:"notice,omitempty"`
}

// book keeps orders and notices in memory and in a file of JSON lines, synced
// before the shop answers: a merchant must not say "received" about something
// it can still forget.
type book struct {
	mu      sync.Mutex
	file    *os.File
	orders  map[string]*Order
	notices map[string]*Notice
	// placed and heard hold the keys in order of arrival.
	placed, heard []string
	changed       chan struct{}
	// broken is the first failure of the disk: after it the file's end is not
	// known and nothing more is written.
	broken error
}

func openBook(path string) (*book, error) {
	b := &book{orders: map[string]*Order{}, notices: map[string]*Notice{}, changed: make(chan struct{})}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the shop's book: %w", err)
	}
	b.file = file
	if err := b.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

// load reads the book. A torn last line, left by a crash before the sync, is
// cut off: nobody was told about it.
func (b *book) load() error {
	var good int64
	lines := bufio.NewReader(b.file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read the shop's book %s at byte %d: %w", b.file.Name(), good, err)
		}
		b.take(r)
		good += int64(len(line))
	}
	if err := b.file.Truncate(good); err != nil {
		return fmt.Errorf("cut the torn end off the shop's book: %w", err)
	}
	_, err := b.file.Seek(good, 0)
	return err
}

func (b *book) take(r record) {
	if o := r.Order; o != nil {
		if _, known := b.orders[o.OutTradeNo]; !known {
			b.placed = append(b.placed, o.OutTradeNo)
		}
		b.orders[o.OutTradeNo] = o
	}
	if n := r.Notice; n != nil {
		if _, known := b.notices[n.ID]; !known {
			b.heard = append(b.heard, n.ID)
		}
		b.notices[n.ID] = n
	}
}

// update runs change under the lock and writes what it returns. An error from
// change, or from the disk, leaves the book as it was.
func (b *book) update(change func() (record, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return b.broken
	}
	r, err := change()
	if err != nil || r.Order == nil && r.Notice == nil {
		return err
	}
	if err := b.append(r); err != nil {
		b.broken = fmt.Errorf("write the shop's book: %w", err)
		return b.broken
	}
	b.take(r)
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

func (b *book) append(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return b.file.Sync()
}

// order returns a copy of the order.
func (b *book) order(outTradeNo string) (Order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.orders[outTradeNo]
	if !ok {
		return Order{}, false
	}
	return *o, true
}

// newest returns copies of at most limit orders and notices, newest first; a
// negative limit means all.
func (b *book) newest(limit int) ([]Order, []Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var orders []Order
	for _, no := range slices.Backward(b.placed) {
		if len(orders) == limit {
			break
		}
		orders = append(orders, *b.orders[no])
	}
	var notices []Notice
	for _, id := range slices.Backward(b.heard) {
		if len(notices) == limit {
			break
		}
		notices = append(notices, *b.notices[id])
	}
	return orders, notices
}

func (b *book) waitChange() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

func (b *book) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.file.Close()
}
