// Package dev runs the whole platform on one machine for a merchant's
// developer: a node and a courier as supervised child processes, a demo
// merchant with keys, demo payers with money, and a demo shop; then one real
// purchase over real HTTP, told step by step.
//
//	holdfast dev ──┬── child: node     the merchant API, cashier, sandbox, administration
//	               ├── child: courier  delivers notices
//	               ├── shop            an HTTP server of its own inside dev (run/shop)
//	               └── door            the API's own names lead to the sandbox (run/door)
//
// The parent only supervises, sets up by the admin API, and buys: everything a
// developer sees goes through the same interfaces their own code will use.
// Children die with the parent, also when it is killed.
//
//	DIR/dev.json           addresses of the last run; marks the folder as dev's
//	DIR/dev.lock           held while dev runs
//	DIR/node.toml          the node's configuration, written anew at each start
//	DIR/merchant/          the demo merchant's key, certificate and APIv3 key
//	DIR/shop.jsonl         the demo shop's book
//	DIR/logs/              what node, courier and shop log
//	DIR/receipts/          receipts of the demo purchases
//	DIR/people/            the devices of the demo payers and the taxi driver
//	DIR/taxi.pdf           the sheet with the driver's printed code, and beside it the code alone (.svg, .png)
//	DIR/codes.txt          one-time codes for phones of whoever tries the sandbox
//	DIR/NAME.pid           the process of a node or courier that runs
//	DIR/sandbox.json       every credential, for the developer's own code
//	DIR/sandbox-ca.pem     the authority that vouches for the API's names here; its key is sandbox-ca.key
//	DIR/sandbox-node.cjs   has Node's clients come in by the door
//
// The rest of DIR is the node's data folder. With --nodes 3 or 5 the sandbox is a
// cluster instead:
//
//	holdfast dev ──┬── balancer       TCP; the sandbox's addresses lead to any ready node (run/balance)
//	               ├── child: n1..    nodes; one that dies is started again
//	               ├── child: courier-1, courier-2
//	               └── shop
//
//	DIR/n1/, DIR/n1-credentials/, DIR/n1.toml   a node's data, its own certificate, its configuration
//	DIR/public/                                 copies of the platform's public keys
package dev
