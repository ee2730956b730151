// Package peer is the transport between the nodes of a cluster: one listener
// with mutual TLS 1.3 that carries two things, told apart by ALPN.
//
// "holdfast-raft/1" is a stream: one for each peer and direction, dialled by who
// sends on it. It is a sequence of frames,
//
//	+------------+---------------------------+
//	| length, BE | PeerMessage (protobuf)    |
//	| 4 bytes    | 1 byte to 64 MiB          |
//	+------------+---------------------------+
//
// of which the first, and one about each second after it, carries nothing but
// who speaks to whom (a greeting). Every greeting is answered by another one on
// the same connection: that is how either side notices that the other is gone,
// and what the round trip is measured with. Beside it the answering direction
// carries what is meant for a node that nobody here has an address of: the word
// to a removed member that it is one.
//
// "h2" is HTTP/2: Connect's PeerService, and what followers pass on to the
// leader's administration.
//
// Messages may be lost and raft copes; so Send never waits, and of a queue that
// is full the oldest message goes. Within a list (queue.go) their order is kept.
package peer
