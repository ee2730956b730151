package packet

// Link is the chain after one more nonce.
var Link = link
