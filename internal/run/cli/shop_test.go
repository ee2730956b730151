package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-pay/holdfast/internal/base/catalogue"
	"github.com/holdfast-pay/holdfast/internal/pb"
	"github.com/holdfast-pay/holdfast/internal/rule/wallet"
)

// shops has two people apply for shops.
func (s *script) shops() {
	d := s.site
	fill := func(size int, with byte) []byte { return bytes.Repeat([]byte{with}, size) }
	for n, name := range []string{"张记面馆", "夜市"} {
		tag, key := fill(wallet.TagSize, byte(n)), append([]byte{4}, fill(64, byte(n))...)
		d.Must(catalogue.CodeSend, &pb.CodeSend{PhoneTag: tag, AddressTag: tag, Proof: tag, Key: tag[:wallet.KeySize]})
		e := d.Must(catalogue.DeviceEnrol, &pb.DeviceEnrol{
			PhoneTag: tag, Proof: tag, PublicKey: key, Label: "phone",
			Details: &pb.Sealed{KeyId: fmt.Sprintf("%032x", n), Box: fill(40, 1), Hash: fill(16, 1)},
		}).(*pb.Enrolment)
		d.Must(catalogue.ShopApply, &pb.ShopApply{
			Uid: e.Uid, ClientId: "s1", Name: name, Kind: pb.ShopKind_SHOP_KIND_STALL, Category: "小吃", Picture: []byte("picture"), Source: fill(32, 1),
			Consent: &pb.Consent{Device: e.Device, Counter: 1, Signed: fill(32, 1), Signature: fill(64, 1)},
		})
	}
}

// What a photo can't be made of is refused before anything is sent.
func TestShopPicture(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "face.jpg")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"", text, text + ".gone"} {
		if _, err := shopPicture(file); err == nil {
			t.Errorf("%q is taken", file)
		}
	}
}
