// Package credentials is a node's own certificate and key, in a folder outside
// the data folder: a node whose data folder is lost can still prove to the
// others which node it is.
//
//	ca.crt     the certificate of the cluster's inner CA, PEM
//	node.crt   the node's certificate, PEM; replaced when half its time is over
//	node.key   its private key, PEM, mode 0600; the same for as long as the folder
//	node.json  the node's name, the cluster's id, the address its peers dial
//	joining    the identity a node asks to be let in as; it stays until the
//	           answer is there, so that asking again is asking the same
//	joined     what the node is to be at the first start of its data folder
//
// Each file is replaced by rename, so a crash leaves the old one or the new one.
// node.crt is written last: without it there are no credentials.
//
// The files name no platform secret but the node's key. Whoever copies the
// folder can be taken for the node until the certificate expires, and no longer.
package credentials
