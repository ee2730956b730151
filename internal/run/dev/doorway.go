package dev

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/door"
)

// Files of the door.
const (
	caFile    = "sandbox-ca.pem"
	caKeyFile = "sandbox-ca.key"
	nodeFile  = "sandbox-node.cjs"
)

// runningDoor is the door with its log.
type runningDoor struct {
	door   *door.Door
	log    *os.File
	served sync.WaitGroup
}

// openDoor opens the door to the platform, which must take requests by now.
func (s *site) openDoor() error {
	f := s.folder
	authority, err := door.OpenAuthority(f.path(caFile), f.path(caKeyFile), time.Now())
	if err != nil {
		return err
	}
	if err := writeFile(f.path(nodeFile), []byte(nodeScript(s.addresses.Door)), 0o644); err != nil {
		return err
	}
	log, err := openLog(f.path("logs", "door.log"))
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(log, nil))
	d, err := door.New(dialable(s.addresses.Platform), authority, time.Now(), logger)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	s.door = &runningDoor{door: d, log: log}
	for _, l := range s.hall {
		s.door.served.Go(func() {
			if err := d.Serve(l); err != nil {
				logger.Error("the door is shut", "address", l.Addr().String(), "err", err)
			}
		})
	}
	s.hall = nil // the door's from here on
	return nil
}

// closeDoor ends what comes in by the door.
func (s *site) closeDoor() (err error) {
	for _, l := range s.hall {
		err = errors.Join(err, l.Close())
	}
	if s.door == nil {
		return err
	}
	s.door.door.Close()
	s.door.served.Wait()
	return errors.Join(err, s.door.log.Close())
}

// dialable is an address for a client on this machine.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// nodeScript is a module that `node --require` runs before a program: its TLS
// connections to the API's names go to the door. Most of Node's clients know
// nothing of HTTPS_PROXY.
func nodeScript(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err) // it is a listener's
	}
	names, err := json.Marshal(door.Hosts())
	if err != nil {
		panic(err) // strings always encode
	}
	return strings.NewReplacer("HOSTS", string(names), "ADDRESS", host, "PORT", port).Replace(`// Written by holdfast dev at each start. NODE_OPTIONS='--require THIS-FILE' has TLS
// connections to the API's names go to the sandbox, and all others where they went.
'use strict';
const tls = require('node:tls');
const names = new Set(HOSTS);
const connect = tls.connect;
tls.connect = function (...args) {
  const to = args[0];
  if (to && typeof to === 'object' && !to.socket && names.has(to.host || to.servername) && Number(to.port) === 443) {
    args[0] = { ...to, host: 'ADDRESS', port: PORT, servername: to.servername || to.host };
  }
  return connect.apply(this, args);
};
`)
}
