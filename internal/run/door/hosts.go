package door

import "slices"

// hosts are the names of the API: the main one, the one of another region, those
// that the official Java client knows besides, and the one for overseas.
var hosts = []string{
	"api.mch.weixin.qq.com", "api2.mch.weixin.qq.com", "api.wechatpay.cn", "api2.wechatpay.cn", "apihk.mch.weixin.qq.com",
}

// Hosts lists the names that the door answers for.
func Hosts() []string { return slices.Clone(hosts) }

func known(host string) bool { return slices.Contains(hosts, host) }
