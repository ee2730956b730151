package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
)

const price = 4_00 // fen

// The states of an order. After washing and returning the next one is asked for.
const (
	asked     = "asked"     // its code is shown
	washing   = "washing"   // the drum turns
	returning = "returning" // the money is on its way back
)

// order is what the machine's file holds.
type order struct {
	No    string    `json:"out_trade_no"`
	State string    `json:"state"`
	Until time.Time `json:"until"` // when its code expires, or the drum stops
}

type machine struct {
	Mchid, Appid    string
	file, notifyURL string
	patience, wash  time.Duration
	orders          native.NativeApiService
	refunds         refunddomestic.RefundsApiService
	notices         *notify.Handler

	mu    sync.Mutex
	now   order
	shown string // the order whose code is on the display
}

// remember goes on where the machine lost its power.
func (m *machine) remember() error {
	text, err := os.ReadFile(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return m.ask()
	}
	if err == nil {
		err = json.Unmarshal(text, &m.now)
	}
	if m.now.State == washing {
		fmt.Println("RESUME", m.now.No)
	}
	return err
}

// become writes the order's next state; a power cut leaves the old file or the new one.
func (m *machine) become(o order) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	f, err := os.Create(m.file + ".new")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), m.file)
	}
	if err == nil {
		m.now = o
	}
	return err
}

// ask begins an order under a number of its own.
func (m *machine) ask() error {
	return m.become(order{No: fmt.Sprintf("WASH%d", time.Now().UnixNano()), State: asked, Until: time.Now().Add(10 * time.Minute)})
}

// step does what is to be done about the order now.
func (m *machine) step(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.now.State == asked && m.shown != m.now.No:
		return errors.Join(m.show(ctx), m.look(ctx))
	case m.now.State == asked:
		return m.look(ctx)
	case m.now.State == returning:
		return m.giveBack(ctx)
	case time.Now().Before(m.now.Until):
		return nil
	}
	fmt.Println("STOP", m.now.No)
	return m.ask()
}

// show places the order. After a power cut it is the same order with a new code.
func (m *machine) show(ctx context.Context) error {
	placed, _, err := m.orders.Prepay(ctx, native.PrepayRequest{
		Appid: core.String(m.Appid), Mchid: core.String(m.Mchid), Description: core.String("洗衣 A wash"), OutTradeNo: core.String(m.now.No),
		TimeExpire: core.Time(m.now.Until), NotifyUrl: core.String(m.notifyURL), Amount: &native.Amount{Total: core.Int64(price)},
	})
	if err != nil {
		return err
	}
	m.shown = m.now.No
	fmt.Println("SHOW", *placed.CodeUrl)
	return nil
}

// look asks whether the order was paid.
func (m *machine) look(ctx context.Context) error {
	o, _, err := m.orders.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{OutTradeNo: core.String(m.now.No), Mchid: core.String(m.Mchid)})
	if err != nil {
		return err
	}
	if *o.TradeState == "CLOSED" { // nobody paid in time
		return m.ask()
	}
	return m.learn(o)
}

// told takes a notice. What is about another order, or was learned before, is old.
func (m *machine) told(w http.ResponseWriter, r *http.Request) {
	var o payments.Transaction
	if n, err := m.notices.ParseNotifyRequest(r.Context(), r, &o); err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	} else if n.EventType != "TRANSACTION.SUCCESS" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.learn(&o); err != nil {
		log.Print(err)
		w.WriteHeader(http.StatusInternalServerError) // and the platform tells again
	}
}

// learn starts the drum for whoever paid, or returns the money when they have gone.
func (m *machine) learn(o *payments.Transaction) error {
	if *o.OutTradeNo != m.now.No || m.now.State != asked || *o.TradeState != "SUCCESS" {
		return nil
	}
	paid, err := time.Parse(time.RFC3339, *o.SuccessTime)
	if err != nil {
		return err
	}
	if time.Since(paid) > m.patience {
		return m.become(order{No: m.now.No, State: returning})
	}
	if err := m.become(order{No: m.now.No, State: washing, Until: time.Now().Add(m.wash)}); err != nil {
		return err
	}
	fmt.Println("START", m.now.No)
	return nil
}

// giveBack returns the money under a number that follows from the order's, so that
// however often it is asked for, it is one refund.
func (m *machine) giveBack(ctx context.Context) error {
	back, _, err := m.refunds.Create(ctx, refunddomestic.CreateRequest{
		OutTradeNo: core.String(m.now.No), OutRefundNo: core.String("BACK" + m.now.No), Reason: core.String("未能启动 not started"),
		Amount: &refunddomestic.AmountReq{Total: core.Int64(price), Refund: core.Int64(price), Currency: core.String("CNY")},
	})
	if err != nil || *back.Status != refunddomestic.STATUS_SUCCESS { // it is asked for again
		return err
	}
	fmt.Println("RETURN", m.now.No)
	return m.ask()
}
