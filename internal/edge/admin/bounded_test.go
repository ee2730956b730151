package admin

import (
	"slices"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/pb"
)

// What a request names of a new merchant's settings counts; the rest is as the
// node's configuration says.
func TestSettingsOfANewMerchant(t *testing.T) {
	t.Parallel()
	s := &Server{Config: Config{Defaults: &pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_BOTH, AllowHttp: true, Strict: true, RefundIntervalS: 7}}}
	ask := &pb.MerchantSettings{RefundIntervalS: 60, CallbackHosts: []string{"shop.example"}}
	for _, c := range []struct {
		name     string
		settings *pb.MerchantSettings
		given    []string
		want     *pb.MerchantSettings
	}{
		{"nothing", nil, nil, s.Defaults},
		{"all, as an older client", ask, nil, ask},
		{"two", ask, []string{"refund_interval_s", "callback_hosts"},
			&pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_BOTH, AllowHttp: true, Strict: true, RefundIntervalS: 60, CallbackHosts: []string{"shop.example"}}},
		{"http refused although the configuration allows it", ask, []string{"allow_http"},
			&pb.MerchantSettings{KeyMode: pb.KeyMode_KEY_MODE_BOTH, Strict: true, RefundIntervalS: 7}},
	} {
		got, err := s.settingsOf(&pb.AdminMerchantAddRequest{Settings: c.settings, Given: c.given})
		if err != nil || got.KeyMode != c.want.KeyMode || got.AllowHttp != c.want.AllowHttp || got.Strict != c.want.Strict ||
			got.RefundIntervalS != c.want.RefundIntervalS || !slices.Equal(got.CallbackHosts, c.want.CallbackHosts) {
			t.Errorf("%s: %v, %v; want %v", c.name, got, err, c.want)
		}
	}
	if _, err := s.settingsOf(&pb.AdminMerchantAddRequest{Settings: ask, Given: []string{"color"}}); err == nil {
		t.Error("a field that settings do not have is taken")
	}
	if n := (&pb.MerchantSettings{}).ProtoReflect().Descriptor().Fields().Len(); n != len(settingFields) {
		t.Errorf("settings have %d fields, %d are known here", n, len(settingFields))
	}
}
