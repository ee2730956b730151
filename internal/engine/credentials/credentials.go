package credentials

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-pay/holdfast/internal/engine/keystore"
	"github.com/holdfast-pay/holdfast/internal/engine/pki"
)

// Holder is who the credentials say their holder is.
type Holder struct {
	// Name is the operator's word for the machine; a replacement keeps it.
	Name string
	// ClusterID is 0 until the first node of a new cluster has begun its log.
	ClusterID uint64
	// Address is where peers dial it, HOST:PORT.
	Address string
}

// nodeJSON is node.json; the id is in hex, as logs show it.
type nodeJSON struct {
	Name      string `json:"name"`
	ClusterID string `json:"cluster_id"`
	Address   string `json:"address"`
}

// ErrExists is what First returns for a folder that has credentials.
var ErrExists = errors.New("there are credentials already")

// Credentials are a node's, loaded. All methods may be called from any goroutine.
type Credentials struct {
	dir string
	// now is the machine's clock; tests set another.
	now     func() time.Time
	mu      sync.Mutex // one change at a time
	current atomic.Pointer[loaded]
}

// loaded never changes.
type loaded struct {
	node Holder
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	ca   *x509.Certificate
	pool *x509.CertPool // just ca
	tls  *tls.Certificate
}

// Exists says whether dir has credentials.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, certFile))
	return err == nil
}

// Load reads and checks the credentials in dir. A certificate whose time is over
// is loaded all the same, because it can be renewed: Valid tells. What is wrong
// is a *Fault; a folder without credentials is also fs.ErrNotExist.
func Load(dir string) (*Credentials, error) { return load(dir, time.Now) }

func load(dir string, now func() time.Time) (*Credentials, error) {
	c := &Credentials{dir: dir, now: now}
	return c, c.Reload()
}

// Reload reads the folder again; what was loaded stays when it cannot be read.
func (c *Credentials) Reload() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := read(c.dir)
	if err != nil {
		return err
	}
	c.current.Store(l)
	return nil
}

func read(dir string) (*loaded, error) {
	if !Exists(dir) {
		return nil, &Fault{Text: "no credentials in " + dir, Cause: fs.ErrNotExist,
			Hint: "holdfast cluster init makes those of a first node, holdfast cluster join those of any other"}
	}
	l := new(loaded)
	var err error
	if l.cert, err = readCert(filepath.Join(dir, certFile)); err != nil {
		return nil, err
	}
	if l.ca, err = readCert(filepath.Join(dir, caFile)); err != nil {
		return nil, err
	}
	if l.key, err = readKey(filepath.Join(dir, keyFile)); err != nil {
		return nil, err
	}
	if l.node, err = readNode(filepath.Join(dir, nodeFile)); err != nil {
		return nil, err
	}
	l.pool = x509.NewCertPool()
	l.pool.AddCert(l.ca)
	// Who joins has only a fingerprint of the CA: it needs to be shown the whole.
	l.tls = &tls.Certificate{Certificate: [][]byte{l.cert.Raw, l.ca.Raw}, PrivateKey: l.key, Leaf: l.cert}
	return l, l.check(dir)
}

// check holds the files against each other; the time is not looked at.
func (l *loaded) check(dir string) error {
	path := filepath.Join(dir, certFile)
	public, ok := l.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || !public.Equal(&l.key.PublicKey) {
		return damaged(path, "is not the certificate of the key in "+keyFile)
	}
	if role, ok := pki.CertRole(l.cert); l.cert.CheckSignatureFrom(l.ca) != nil || !ok || role != pki.RoleNode {
		return damaged(path, "is not a node's certificate of the CA in "+caFile)
	}
	if name, ok := pki.NodeName(l.cert); !ok || name != l.node.Name {
		return damaged(path, fmt.Sprintf("is of node %.70q and %s says %.70q", name, nodeFile, l.node.Name))
	}
	return nil
}

func readNode(path string) (Holder, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Holder{}, err
	}
	var j nodeJSON
	if json.Unmarshal(text, &j) != nil {
		return Holder{}, damaged(path, "cannot be read")
	}
	id, err := strconv.ParseUint(j.ClusterID, 16, 64)
	if err != nil {
		return Holder{}, damaged(path, "has no readable cluster_id")
	}
	return Holder{Name: j.Name, ClusterID: id, Address: j.Address}, nil
}

func writeNode(dir string, n Holder) error {
	text, err := json.MarshalIndent(nodeJSON{n.Name, fmt.Sprintf("%016x", n.ClusterID), n.Address}, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, nodeFile), append(text, '\n'), 0o644)
}

// First makes the credentials of a cluster's first node, with a certificate from
// its own keystore. It returns ErrExists rather than replace any.
func First(dir string, keys *keystore.Store, n Holder) (*Credentials, error) {
	if Exists(dir) {
		return nil, ErrExists
	}
	key, err := ownKey(dir)
	if err != nil {
		return nil, err
	}
	csr, err := pki.NewNodeRequest(n.Name, key)
	if err != nil {
		return nil, err
	}
	cert, err := keys.Cluster().IssueNode(csr, n.Name, time.Now())
	if err != nil {
		return nil, err
	}
	return save(dir, n, keys.Cluster().CA(), cert, time.Now)
}

// ownKey is the key in dir, drawn when there is none.
func ownKey(dir string) (*ecdsa.PrivateKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the credentials folder: %w", err)
	}
	key, err := readKey(filepath.Join(dir, keyFile))
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("draw the node's key: %w", err)
	}
	return key, writeKey(dir, key)
}

// save writes all but the key and loads the result.
func save(dir string, n Holder, ca, cert []byte, now func() time.Time) (*Credentials, error) {
	err := writePEM(filepath.Join(dir, caFile), certBlock, ca, 0o644)
	if err == nil {
		err = writeNode(dir, n)
	}
	if err == nil {
		err = writePEM(filepath.Join(dir, certFile), certBlock, cert, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("write credentials: %w", err)
	}
	return load(dir, now)
}

// Holder is who the credentials say their holder is.
func (c *Credentials) Node() Holder { return c.current.Load().node }

// Dir is the folder they are in.
func (c *Credentials) Dir() string { return c.dir }

// CA is the certificate of the cluster's inner CA, DER; the caller must not
// modify it.
func (c *Credentials) CA() []byte { return c.current.Load().ca.Raw }

// Expires is when the certificate's time is over.
func (c *Credentials) Expires() time.Time { return c.current.Load().cert.NotAfter }

// Valid returns why the certificate is not valid now, as a *Fault that matches
// ErrExpired or ErrNotYet, or nil.
func (c *Credentials) Valid() error {
	l, now := c.current.Load(), c.now()
	if now.Before(l.cert.NotBefore) || now.After(l.cert.NotAfter) {
		return timing(l.cert, "this node", now)
	}
	return nil
}

// Bind ties the credentials to the cluster whose log the data folder has. It
// refuses a data folder of another cluster.
func (c *Credentials) Bind(clusterID uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.Node()
	switch n.ClusterID {
	case clusterID:
		return nil
	case 0:
		n.ClusterID = clusterID
		return c.change(n)
	}
	return &Fault{Text: fmt.Sprintf("the data folder is of cluster %016x and the credentials in %s are of cluster %016x", clusterID, c.dir, n.ClusterID),
		Hint: "set data and cluster.credentials to folders of one cluster"}
}

// SetAddress keeps the address that peers dial from now on.
func (c *Credentials) SetAddress(address string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.Node()
	if n.Address == address {
		return nil
	}
	n.Address = address
	return c.change(n)
}

// change replaces node.json; mu is held.
func (c *Credentials) change(n Holder) error {
	if err := writeNode(c.dir, n); err != nil {
		return fmt.Errorf("write credentials: %w", err)
	}
	next := *c.current.Load()
	next.node = n
	c.current.Store(&next)
	return nil
}

// with is what would be loaded with another certificate in node.crt, checked.
func (l *loaded) with(der []byte) (*loaded, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, &Fault{Text: "the new certificate cannot be read", Hint: "look into the log of the node that made it", Cause: err}
	}
	next := *l
	next.cert = cert
	next.tls = &tls.Certificate{Certificate: [][]byte{cert.Raw, l.ca.Raw}, PrivateKey: l.key, Leaf: cert}
	return &next, next.check("")
}
