// Package diagnose says what is wrong with a signed request or with a notice.
//
// An RSA signature tells more than whether it fits: opened with a public key, it
// shows whether that key's owner made it at all, with which hash, and of which
// digest. So the key is judged apart from the message, and a digest can be held
// against the messages that are signed by mistake: without the query, with the
// host, over a body that a JSON library wrote anew, with the lines' ends of
// another system. The one that fits is what was signed, and its difference from
// what was sent is the mistake, to the byte.
//
//	request.go, notice.go   one examination each, from the outside in
//	authorization.go        the header, read leniently: every fault is named
//	signature.go, key.go    base64 and its corruptions; whose key it was
//	search.go               which message fits the digest
//	target.go body.go frame.go   the messages that are signed by mistake
//	tree.go                 JSON written anew as other libraries write it
//	compare.go              where two bodies differ
//	text.go                 a request or a notice as it stands in a log
//
// It knows no network, no files and no clock, and shows no secret: not a key, and
// of a notice's plaintext only what the caller asked for by giving the key.
package diagnose
