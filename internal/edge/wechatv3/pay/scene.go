package pay

import (
	"strings"

	"github.com/holdfast-pay/holdfast/internal/edge/wechatv3"
	sj "github.com/holdfast-pay/holdfast/internal/edge/wechatv3/strictjson"
)

// scene is scene_info: where and on what device the payer is.
type scene struct {
	clientIP, deviceID string
	store              storeInfo
	h5                 h5Info
}

type storeInfo struct{ id, name, areaCode, address string }

type h5Info struct{ kind, appName, appURL, bundleID, packageName string }

func sceneFields(more ...sj.Field[scene]) *sj.Object[scene] {
	return sj.Of(append([]sj.Field[scene]{
		sj.String("payer_client_ip", func(s *scene) *string { return &s.clientIP }, sj.Text{Min: 1, Max: 45, Check: wechatv3.IPAddress}).Required(),
		sj.String("device_id", func(s *scene) *string { return &s.deviceID }, sj.Text{Max: 32}),
		sj.Nested("store_info", func(s *scene) *storeInfo { return &s.store }, sj.Of(
			sj.String("id", func(s *storeInfo) *string { return &s.id }, sj.Text{Min: 1, Max: 32}).Required(),
			sj.String("name", func(s *storeInfo) *string { return &s.name }, sj.Text{Max: 256}),
			sj.String("area_code", func(s *storeInfo) *string { return &s.areaCode }, sj.Text{Max: 32}),
			sj.String("address", func(s *storeInfo) *string { return &s.address }, sj.Text{Max: 512}),
		)),
	}, more...)...)
}

var (
	sceneSchema   = sceneFields()
	sceneH5Schema = sceneFields(sj.Nested("h5_info", func(s *scene) *h5Info { return &s.h5 }, sj.Of(
		sj.String("type", func(h *h5Info) *string { return &h.kind }, sj.Text{Min: 1, Max: 32, Check: h5Type}).Required(),
		sj.String("app_name", func(h *h5Info) *string { return &h.appName }, sj.Text{Max: 64}),
		sj.String("app_url", func(h *h5Info) *string { return &h.appURL }, sj.Text{Max: 128}),
		sj.String("bundle_id", func(h *h5Info) *string { return &h.bundleID }, sj.Text{Max: 128}),
		sj.String("package_name", func(h *h5Info) *string { return &h.packageName }, sj.Text{Max: 128}),
	)).Required())
)

var whyH5Type = &sj.Why{ZH: "应为 iOS、Android 或 Wap", EN: "must be iOS, Android or Wap"}

// h5Type takes the documented words in any case, as merchants write them.
func h5Type(s string) *sj.Why {
	known := strings.EqualFold(s, "iOS") || strings.EqualFold(s, "Android") || strings.EqualFold(s, "Wap")
	return wechatv3.When(!known, whyH5Type)
}

func optionalScene() sj.Field[prepay] {
	return sj.Nested("scene_info", func(p *prepay) *scene { return &p.scene }, sceneSchema)
}
