package node

import (
	"context"
	"net/http"
)

// developersPages are what a sandbox shows developers on the merchant API's address.
type developersPages struct {
	part
	merchants *merchantService // whose words refuse a developer's request
	pages     http.Handler     // nil outside of a sandbox
}

func (n *developersPages) Start(context.Context) error {
	if n.developers != nil && n.replica.Position().Sandbox {
		n.pages = n.developers()
	}
	return nil
}

// Routes implements Part.
func (n *developersPages) Routes() []route {
	if n.pages == nil {
		return nil
	}
	return developerRoutes(n.gate.Guard(n.merchants.api, n.pages))
}

func developerRoutes(pages http.Handler) []route {
	return []route{{door: "merchant_api", mine: isForDevelopers, handler: pages}}
}
