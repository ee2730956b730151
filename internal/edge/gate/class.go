package gate

// Class says how much a request matters when not all can be served. A lower
// value goes first.
type Class uint8

// The classes. A route belongs to one, whatever its content.
const (
	// Pay is what a payment needs: placing the order, its page, the tap.
	Pay Class = iota
	// Query asks how an order or a refund stands.
	Query
	// Refund gives money back or ends an order that should not be paid any more:
	// what is put off here can be done a minute later.
	Refund
	// Rest is everything else.
	Rest

	classes = int(Rest) + 1
)

// String is the class as metrics label it.
func (c Class) String() string { return [...]string{"pay", "query", "refund", "rest"}[c] }

// reserve is the share of the limit that a class leaves free for those before
// it, as a divisor: a quarter for 4. Payments leave nothing.
var reserve = [classes]int{Pay: 0, Query: 8, Refund: 4, Rest: 2}

// room is how many requests may be at work, of all classes together, when one of
// class c is let in. 1 <= room <= limit.
func (c Class) room(limit int) int {
	if reserve[c] == 0 {
		return limit
	}
	return max(1, limit-max(1, limit/reserve[c]))
}
