// Package wechatv3 serves the merchant API: WeChat Pay APIv3 as its SDKs speak
// it, over HTTP/1.1.
//
// The life of a request, and where it is written:
//
//	route.go          which API is asked for; 404 and 405 have no body
//	header.go         some paths want Accept and User-Agent, before anything else
//	authorization.go  the Authorization header is taken apart
//	body.go           the raw body, at most 1 MiB
//	authenticate.go   clock, merchant, certificate, signature: all 401 answers
//	pay/, refund/ ... one package a product, one file a route: decode, command or read, answer
//	codes.go          the one table from outcome codes to the API's words
//	answer.go         2xx answers are signed; refusals are plain JSON
//
// A product is added by a package below this one and a line in products/.
//
// Nothing is decided here about money or states: a route turns a request into a
// command of the core and the core's answer into JSON. What the reference
// leaves open is listed in docs/reference/merchant-api.md.
package wechatv3
