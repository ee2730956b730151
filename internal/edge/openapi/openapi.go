// Package openapi serves the description of what is called at the wallet API's address,
// in OpenAPI 3.1: every procedure, every message, every outcome. It is generated from
// the schema and the list of outcomes; a test holds it to them.
package openapi

import (
	_ "embed"
	"net/http"
)

//go:generate go test . -run TestTheDocumentIsOfTheSchema -rewrite

// Path is where the document is served.
const Path = "/openapi.json"

//go:embed openapi.json
var document []byte

// Handler serves the document.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(document) // the client may have gone
	})
}
