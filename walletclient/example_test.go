package walletclient_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-pay/holdfast/walletclient"
)

// Pay pays what a scanned code asks for, from the balance of whoever enrolled the
// device in wallet.json. The program keeps id until it knows the outcome.
func ExampleClient_Pay() {
	pay := func(ctx context.Context, scanned, id, pin string) error {
		device, err := walletclient.Open("wallet.json")
		if err != nil {
			return err
		}
		client := walletclient.New(device, walletclient.Options{URLs: device.URLs(), Lang: "en"})
		asked, err := client.ShowPayable(ctx, &walletclient.ShowPayableRequest{Code: scanned})
		if err != nil {
			return err
		}
		request := &walletclient.PayRequest{Code: scanned, ClientId: id}
		if asked.NeedsPin {
			checked, err := client.CheckPin(ctx, &walletclient.CheckPinRequest{Pin: pin})
			if err != nil {
				return err
			}
			request.Grant = checked.Grant
		}
		paid, err := client.Pay(ctx, request)
		var failed *walletclient.Error
		switch {
		case walletclient.Refused(err, "balance_too_low"):
			fmt.Println("top up first")
		case errors.As(err, &failed) && failed.Unknown:
			fmt.Println("not known yet: repeat with", id)
		case err == nil:
			fmt.Println("paid", paid.TransactionId)
		}
		return err
	}
	_ = pay
}
