package wallet

import (
	"net/http"
	"strconv"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/gate"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// classes are what calls ask for; what is not named comes after all else, as do codes
// and PINs: they can wait when payments can't.
var classes = map[string]gate.Class{
	pbconnect.WalletServicePayProcedure:            gate.Pay,
	pbconnect.WalletServiceShowPayableProcedure:    gate.Pay,
	pbconnect.WalletServiceTransferProcedure:       gate.Pay,
	pbconnect.WalletServiceWithdrawCashProcedure:   gate.Pay,
	pbconnect.WalletServiceAnswerTransferProcedure: gate.Pay,
	pbconnect.WalletServiceThrowPacketProcedure:    gate.Pay,
	pbconnect.WalletServiceOpenPacketProcedure:     gate.Pay,
	pbconnect.WalletServiceAnswerAskedProcedure:    gate.Pay,
	pbconnect.WalletServiceListAskedProcedure:      gate.Pay,
	pbconnect.WalletServiceShowAskedProcedure:      gate.Query,
	pbconnect.WalletServiceShowWalletProcedure:     gate.Query,
	pbconnect.WalletServiceShowTransferProcedure:   gate.Query,
	pbconnect.WalletServiceShowPacketProcedure:     gate.Query,
	pbconnect.WalletServiceShowStepsProcedure:      gate.Query,
}

// Asked implements gate.Surface.
func (s *Server) Asked(r *http.Request) gate.Asked {
	asked := gate.Asked{Class: gate.Rest, Payer: true}
	if class, ok := classes[r.URL.Path]; ok {
		asked.Class = class
	}
	return asked
}

// Refuse implements gate.Surface.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, why gate.Refusal) {
	w.Header().Set("Retry-After", strconv.Itoa(why.After))
	who := &caller{chinese: rpc.Chinese(r.Header.Get("Accept-Language"))}
	_ = s.refusals.Write(w, r, refuse(who, code.Overloaded)) // the phone may be gone
}
