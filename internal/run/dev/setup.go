package dev

import (
	"context"
	"fmt"

	"connectrpc.com/connect"

	"github.com/holdfast-pay/holdfast/internal/base/code"
	"github.com/holdfast-pay/holdfast/internal/edge/admin"
	"github.com/holdfast-pay/holdfast/internal/edge/rpc"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/pb/pbconnect"
)

// demoPayer is a payer that every sandbox has.
type demoPayer struct {
	ref, name, phone string
	balance          int64 // fen
}

// demoPayers are who can pay from the start: one rich, one who buys the order
// a second time, one who can't afford much.
var demoPayers = []demoPayer{
	{"ming", "小明", "+8613800000001", 1_000_00},
	{"hong", "小红", "+8613800000002", 200_00},
	{"gang", "小刚", "+8613800000003", 50},
}

// payer is a demo payer as the platform knows them.
type payer struct {
	Name   string `json:"name"`
	Openid string `json:"openid"`
}

// setup makes the demo merchant and payers by the admin API, as an operator
// would. What an earlier run made is left as it is.
type setup struct {
	admin  pbconnect.AdminServiceClient
	payers []payer
	keys   *pb.PlatformKeys
}

func newSetup(ctx context.Context, f *folder, a addresses, c *credentials) (*setup, error) {
	client, err := admin.Dial(admin.Address{URL: "http://" + a.Admin, TokenFile: admin.TokenFile(f.first())})
	if err != nil {
		return nil, err
	}
	s := &setup{admin: client, payers: make([]payer, len(demoPayers))}
	if err := s.merchant(ctx, c); err != nil {
		return nil, fmt.Errorf("set up the demo merchant: %w", err)
	}
	for i, p := range demoPayers { // one after the other, so that uids come in this order
		if s.payers[i], err = s.payer(ctx, p); err != nil {
			return nil, err
		}
	}
	keys, err := client.PlatformShow(ctx, connect.NewRequest(&pb.PlatformShowRequest{}))
	if err != nil {
		return nil, fmt.Errorf("ask for the platform's keys: %w", err)
	}
	s.keys = keys.Msg
	return s, nil
}

func (s *setup) merchant(ctx context.Context, c *credentials) error {
	_, err := s.admin.MerchantAdd(ctx, connect.NewRequest(&pb.AdminMerchantAddRequest{
		Mchid: mchid, Name: merchantName, Appids: []string{appid}, CertPem: c.certPEM, Apiv3Key: c.apiv3Key,
	}))
	if is, ok := rpc.CodeOf(err); ok && is == code.MerchantExists {
		// The developer has renamed it; the keys must fit all the same.
		_, err = s.admin.MerchantKey(ctx, connect.NewRequest(&pb.AdminMerchantKeyRequest{Mchid: mchid, CertPem: c.certPEM, Apiv3Key: c.apiv3Key, AddAppid: appid}))
	}
	return err
}

func (s *setup) payer(ctx context.Context, p demoPayer) (payer, error) {
	shown, err := s.admin.PersonShow(ctx, connect.NewRequest(&pb.AdminPersonShowRequest{Ref: p.ref}))
	if is, ok := rpc.CodeOf(err); ok && is == code.PersonNotFound {
		shown, err = s.admin.PersonAdd(ctx, connect.NewRequest(&pb.AdminPersonAddRequest{Ref: p.ref, Name: p.name, Phone: p.phone, Appids: []string{appid}, Topup: p.balance}))
	}
	if err != nil {
		return payer{}, fmt.Errorf("set up the payer %s: %w", p.ref, err)
	}
	is := payer{Name: shown.Msg.Person.Name}
	for _, o := range shown.Msg.Person.Openids {
		if o.Appid == appid {
			is.Openid = o.Openid
		}
	}
	return is, nil
}

// signing is the serial number of the certificate that signs.
func (s *setup) signing() string {
	for _, c := range s.keys.Certs {
		if c.Signing {
			return c.Serial
		}
	}
	return ""
}
