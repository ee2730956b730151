// Package walletclient is the Go client of the wallet API: it enrols a device for a
// person, and pays, sends money and opens red packets in that person's name. Programs
// outside this module import it, and `holdfast wallet` uses it.
//
// A device is a P-256 key that signs every call. Where the key lies is up to the
// program: a [File], or whatever else fulfils [Device], such as a security module.
//
//	device, err := walletclient.Create("wallet.json", "https://pay.example:8446")
//	client := walletclient.New(device, walletclient.Options{URLs: []string{device.URL()}})
//	payment, err := client.Pay(ctx, &walletclient.PayRequest{Code: scanned, ClientId: id})
//
// # When an answer is lost
//
// Whoever asks for money to be moved mints a client id ([NewID]) and keeps it until
// the outcome is known. Repeating a call with the same id and content moves nothing
// more and returns what the first one did. A [Client] does so by itself, at the next
// of its URLs, for as long as [Options.Patience] and the context allow; what it gives
// up on is an [Error] with Unknown set, and the program repeats it with the same id
// when it likes, after a restart too.
//
// Types of requests and answers are aliases of the messages that the API is generated
// from: proto/holdfast/v1/wallet.proto describes their fields.
package walletclient
