package code

// Told is a reason of some kind as the person is told it.
type Told[Why comparable] struct {
	Why    Why
	Name   string
	ZH, EN string
}

// toldOf finds a reason in a list of all of its kind.
func toldOf[Why comparable](list []Told[Why], why Why) (Told[Why], bool) {
	for _, r := range list {
		if r.Why == why {
			return r, true
		}
	}
	return Told[Why]{}, false
}

// toldBy finds a reason by its name.
func toldBy[Why comparable](list []Told[Why], name string) (Told[Why], bool) {
	for _, r := range list {
		if r.Name == name {
			return r, true
		}
	}
	return Told[Why]{}, false
}
