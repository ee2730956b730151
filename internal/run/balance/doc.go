// Package balance spreads TCP connections over the nodes of a cluster on one
// machine: what `holdfast dev --nodes` puts in front of them. It looks at no
// byte of what passes. In production a merchant's requests come through
// whatever balancer is there already; the rules here are the ones it needs:
//
//   - a node gets new connections while GET /readyz on its administration
//     answers 200, asked every 200 ms
//   - a connection that can't be made goes to the next node at once
//   - while no node is ready each is tried all the same: it has the better
//     answer to why not
//   - a node that stops in order keeps the connections it has until it closes
//     them; one that has not answered for some seconds (stopped by SIGSTOP, its
//     machine gone) has them cut, so that clients repeat elsewhere
package balance
