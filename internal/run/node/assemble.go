package node

import (
	"errors"
	"io/fs"
	"os"
	"slices"
)

// place is a part's place in the start order.
type place struct {
	name string
	why  string
	part Part
	// reads: what fails here is mostly what is in the data folder.
	reads bool
}

// assemble lists the parts of a node in start order, with the reason for each
// place, and hands each what the configuration says about it. They are closed in
// reverse.
func assemble(n *shared, cfg *Config) []place {
	p := func() part { return part{shared: n} }
	operators := &administration{part: p(), cfg: cfg.Admin}
	return slices.Concat([]place{
		{"data folder", "a folder that lacks a part is refused before anything is made in it", &dataFolder{p()}, true},
		{"disk guard", "the stores must not write to a disk that is nearly full", &diskSpace{p(), cfg.Disk}, false},
		{"credentials", "a node of a cluster that has no log, or no longer, asks its peers to let it in; they give it the keys", &admittance{p(), cfg.Keys.MasterFile}, false},
		{"keystore", "it opens the published checkpoint, and every listener needs its certificates or tokens", &keyStore{p(), cfg.Keys, cfg.LogName}, true},
		{"administration", "health and the reason for a slow start are told while the log is replayed", operators, false},
		{"snapshot", "a state that was fetched is put into place before any store is open", &stateCopy{p(), cfg.Disk}, false},
		{"state store", "the log may be cut and replayed only from what the state has on disk", &stateStore{p(), cfg.Disk}, true},
		{"keyring", "peers put data keys into it as soon as they reach this node", &dataKeys{p()}, true},
		{"admin address", "the store's lock says that the folder is ours: now operators may be led here", &adminAddress{p()}, false},
		{"raft log", "it must reach as far as the state, the acknowledged index and the checkpoint say", &logStore{p(), cfg.Disk, cfg.Journal}, true},
		{"peers", "a node proves to its peers that its disk is no old copy before it takes part", &peering{part: p()}, false},
		{"replica", "it replays what the state lacks; from here on commands are taken", &replication{part: p(), disk: cfg.Disk, observed: newObserved()}, true},
		{"first command", "a new log begins with what the journal is called", &firstCommand{p()}, false},
		{"checkpoints", "the replayed journal must extend what was published", &checkpointing{p()}, true},
		{"key exchange", "what the state says was erased is deleted before anybody is shown a person", &keyExchange{part: p()}, false},
		{"housekeeping", "due work and the log's length, once the state is known to be whole", &housekeeping{p()}, false},
		{"sealing", "names from before feature level 5 are sealed once commands are taken and keys can be given away", &sealing{part: p()}, false},
		{"revealing", "once commands are taken and the keystore is open", &revealing{part: p()}, false},
		{"scrubber", "damage is looked for as long as the node runs", &scrubbing{part: p(), cfg: cfg.Disk}, false},
		{"views", "they follow the journal and nothing waits for them", &viewing{p()}, false},
		{"events", "they tell what was applied, and who was away asks the views", &eventing{p()}, false},
		{"admin service", "operators before merchants", &adminService{p(), cfg.Merchants, cfg.WalletAPI, operators}, false},
		{"inner service", "the courier before the first payment, so that no notice waits", &courierService{p(), cfg.Inner}, false},
		{"admission", "before whoever it lets in", &admission{p(), cfg.MerchantAPI.MaxInFlight}, false},
	}, forPeople(p, cfg), forMerchants(p, cfg))
}

// forPeople lists what serves people's devices and tills; nothing where none are served.
func forPeople(p func() part, cfg *Config) []place {
	if cfg.WalletAPI.Address == "" {
		return nil
	}
	return []place{
		{"wallet service", "before the listener that it is called on", &walletService{part: p(), cfg: cfg.WalletAPI, mail: cfg.Mail}, false},
		{"tills", "likewise", &tills{part: p()}, false},
		{"wallet pages", "likewise", &walletPages{part: p()}, false},
		{"wallet API", "people's devices before merchants, whose codes they pay", &walletAPI{p(), cfg.WalletAPI, cfg.Proxies, cfg.MerchantAPI}, false},
	}
}

// forMerchants lists what serves merchants and payers.
func forMerchants(p func() part, cfg *Config) []place {
	service := &merchantService{part: p(), cfg: cfg.MerchantAPI}
	return []place{
		{"merchant service", "of what its listener serves it is asked first: a path that looks like the API is never a page", service, false},
		{"developers' pages", "in a sandbox, before the payers' pages take what is left for browsers", &developersPages{part: p(), merchants: service}, false},
		{"cashier", "when it is known where wallets are", &cashierPages{part: p(), wallets: cfg.WalletAPI}, false},
		{"merchant API", "last: whoever reaches it finds everything behind it at work", &merchantAPI{p(), cfg.MerchantAPI, cfg.Cashier, cfg.Proxies}, false},
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
