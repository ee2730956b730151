// Package contract holds what WeChat Pay's official Go SDK, unmodified, must be
// able to do with the merchant API. It has tests only.
//
// The SDK's addresses are constants, so its requests to api.mch.weixin.qq.com
// are led to a server of ours by a RoundTripper; for the certificate downloader
// with auto-update, which makes its own client, by http.DefaultTransport.
package contract
