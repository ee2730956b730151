package admin

import (
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// setting is a field of a merchant's settings, by the name requests give it.
type setting struct {
	name string
	copy func(to, from *pb.MerchantSettings)
}

var settingFields = []setting{
	{"key_mode", func(to, from *pb.MerchantSettings) { to.KeyMode = from.KeyMode }},
	{"refund_interval_s", func(to, from *pb.MerchantSettings) { to.RefundIntervalS = from.RefundIntervalS }},
	{"allow_http", func(to, from *pb.MerchantSettings) { to.AllowHttp = from.AllowHttp }},
	{"callback_hosts", func(to, from *pb.MerchantSettings) { to.CallbackHosts = from.CallbackHosts }},
	{"strict", func(to, from *pb.MerchantSettings) { to.Strict = from.Strict }},
	{"weixin_code_url", func(to, from *pb.MerchantSettings) { to.WeixinCodeUrl = from.WeixinCodeUrl }},
	{"till_notify_url", func(to, from *pb.MerchantSettings) { to.TillNotifyUrl = from.TillNotifyUrl }},
}

// settingsOf are a new merchant's settings: those of the node's configuration,
// with what the request gives over them.
func (s *Server) settingsOf(m *pb.AdminMerchantAddRequest) (*pb.MerchantSettings, error) {
	switch {
	case m.Settings == nil:
		return s.Defaults, nil
	case len(m.Given) == 0:
		return m.Settings, nil
	}
	is := new(pb.MerchantSettings)
	for _, f := range settingFields {
		if s.Defaults != nil {
			f.copy(is, s.Defaults)
		}
	}
	for _, name := range m.Given {
		found := false
		for _, f := range settingFields {
			if f.name == name {
				f.copy(is, m.Settings)
				found = true
			}
		}
		if !found {
			return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("settings have no field %q", name))
		}
	}
	return is, nil
}
