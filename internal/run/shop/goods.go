package shop

import (
	"errors"
	"fmt"
	"strings"
)

// Good is something that the shop sells. Its price is in fen.
type Good struct {
	ID    string `json:"id"`
	ZH    string `json:"zh"`
	EN    string `json:"en"`
	Price int64  `json:"price"`
}

// catalogue is what there is. Prices are the shop's own: what a browser says they are
// counts for nothing.
var catalogue = []Good{
	{"oolong", "乌龙茶 50 克", "Oolong tea, 50 g", 18_00},
	{"jasmine", "茉莉花茶 50 克", "Jasmine tea, 50 g", 12_50},
	{"cup", "白瓷茶杯", "White porcelain cup", 36_00},
}

// mostOf is how many of one good an order may have.
const mostOf = 99

var errCart = errors.New("the cart is not of this shop's goods")

// priced is what a cart comes to: its items at the shop's prices, their sum, and a
// description for the payer.
func priced(cart map[string]int64) (items []Item, total int64, description string, err error) {
	var names []string
	for _, g := range catalogue {
		n, ok := cart[g.ID]
		if !ok || n == 0 {
			continue
		}
		if n < 0 || n > mostOf {
			return nil, 0, "", errCart
		}
		items, total = append(items, Item{g.ID, n, g.Price}), total+n*g.Price
		names = append(names, fmt.Sprintf("%s×%d", g.ZH, n))
		delete(cart, g.ID)
	}
	if len(items) == 0 || len(cart) > 0 {
		return nil, 0, "", errCart
	}
	return items, total, strings.Join(names, "，"), nil
}
