package packet_test

// vectors were computed by another program from the description in share.go: of
// payer 7's packet "P", person 3, and 100.00 for ten.
var vectors = struct {
	seed, commitment, lot, chain string
	share                        int64
}{
	seed:       "0326ed629e163dfbe593dbd91653fa032ea84998bbc2a9daa85a271f79296213",
	commitment: "0dbe59cc277d333cdc829b0f0328c6b57ec34da09cad6f90d9176343ffcf54ba",
	lot:        "59ccee940a9558a668dc9aff77806a2d7a5dd4af9a4fb14f2a4767dd2f689dd1",
	chain:      "cb29864f030da6c12bb37e360c54678c9743388a939b91c49f343787a3410898",
	share:      173,
}
