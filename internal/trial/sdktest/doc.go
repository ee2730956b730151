// Package sdktest runs merchants' programs that know nothing of Holdfast: they
// call https://api.mch.weixin.qq.com by the official Go SDK and by two of Node's
// clients, and only the environment that `holdfast dev --print-env` prints leads
// them to a sandbox. Each orders, is told of the payment, verifies and opens the
// notice, queries, refunds, and is told of the refund.
//
// The programs read their own credentials where $HOLDFAST_SANDBOX says, as they
// would read their configuration, and speak to the test in lines: PAY code_url,
// NOTICE event_type, STATE trade_state, DONE.
//
// It also plays examples/washer, a laundry machine on the same SDK, through power cuts
// and late notices.
//
// Node's clients are installed by `make deps` from testdata/node's lock file.
package sdktest
