// Package pki is how the processes of a cluster know each other: the inner CA, the
// certificates of nodes, couriers and administrators under it, TLS between them,
// and the tokens by which a node joins. The CA's key is kept by the keystore; what
// is done with it is here.
package pki
