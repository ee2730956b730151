// Package door lets a merchant's program reach a sandbox under the API's own
// names, so that not a line of it changes: HTTPS_PROXY leads here, and the
// client's own variable for certificates names a private authority.
//
//	client ── CONNECT api.mch.weixin.qq.com:443 ──> door ── plain HTTP ──> sandbox
//	client ── TLS to api.mch.weixin.qq.com ───────> door   (hosts file, or a redirect)
//	client ── GET https://api.mch... HTTP/1.1 ────> door   (clients that don't CONNECT)
//
// Requests pass byte for byte: what is signed stays as it was sent. Whatever name
// a client asks for, nothing leaves for anywhere but the sandbox; other names are
// refused. The authority's certificate is constrained to the API's names: who
// steals its key can pretend to be nobody else.
package door
