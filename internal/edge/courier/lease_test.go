package courier

// anybody and unlapsed are the lease of a desk under test that has all lanes.
func anybody(string) bool { return true }

func unlapsed() uint64 { return 0 }
