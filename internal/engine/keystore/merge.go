package keystore

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"reflect"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// samePlatform says whether two contents may be one keystore's: everything that
// is drawn once and never changes is the same.
func samePlatform(a, b *contents) bool {
	return a.LogName == b.LogName && bytes.Equal(a.Inner.Cert, b.Inner.Cert) && bytes.Equal(a.Inner.Key, b.Inner.Key) &&
		bytes.Equal(a.Root.Cert, b.Root.Cert) && a.Public.ID == b.Public.ID && a.Checkpoint == b.Checkpoint
}

// merge is all that two contents of one platform hold, without what either of
// them removed. It does not depend on their order nor, in the second layout, on
// how several are grouped, and merging again changes nothing: nodes that give
// each other what they have end with the same, in whatever order they do so.
//
// The generation only says who has something to fetch: it stays when the newer of
// the two holds all of it already, and is above both otherwise.
func merge(a, b *contents) *contents {
	newer, older := a.ordered(), b.ordered()
	if newer.compareToken(older) < 0 {
		newer, older = older, newer
	}
	m := newer.clone()
	m.AdminTokenAt = 0
	if m.Layout = max(a.Layout, b.Layout); m.Layout >= layoutSecrets {
		m.AdminTokenAt = newer.tokenAt()
	}
	m.APIv3 = append(m.APIv3, older.APIv3...)
	m.Platform = append(m.Platform, older.Platform...)
	m.Secrets = append(m.Secrets, older.Secrets...)
	m.Removed = append(m.Removed, older.Removed...)
	m.order()
	m.Generation = max(a.Generation, b.Generation)
	if a.Generation >= b.Generation && !m.holdsAs(a) || b.Generation >= a.Generation && !m.holdsAs(b) {
		m.Generation++
	}
	return m
}

// ordered is a copy in the one form that what it holds has.
func (c *contents) ordered() *contents {
	d := c.clone()
	d.order()
	return d
}

// holdsAs says whether two contents hold the same, whatever their generation and
// layout.
func (c *contents) holdsAs(d *contents) bool {
	x, y := c.ordered(), d.ordered()
	x.Generation, x.Layout, x.AdminTokenAt = 0, 0, 0
	y.Generation, y.Layout, y.AdminTokenAt = 0, 0, 0
	return reflect.DeepEqual(x, y)
}

// compareToken orders contents by how new their admin token is.
func (c *contents) compareToken(d *contents) int {
	return cmp.Or(cmp.Compare(c.tokenAt(), d.tokenAt()), cmp.Compare(c.AdminToken, d.AdminToken))
}

// tokenAt is the generation that brought the admin token; the first layout does
// not say, and has the newest generation stand for it.
func (c *contents) tokenAt() uint64 {
	if c.Layout >= layoutSecrets {
		return c.AdminTokenAt
	}
	return c.Generation
}

// orderPlatform keeps each certificate once, the oldest first. One that another
// follows stays listed until shortly after that one signs; the last has no end.
func (c *contents) orderPlatform() {
	c.Platform = distinct(c.Platform, func(x, y platformKey) int { return cmp.Compare(x.Serial, y.Serial) }, platformKey.compare)
	for i := range c.Platform {
		c.Platform[i].ListedUntil = 0
		if i+1 < len(c.Platform) {
			c.Platform[i].ListedUntil = c.Platform[i+1].SignsFrom + afterSwitch.Milliseconds()
		}
	}
}

// compare orders from the oldest to the newest.
func (k platformKey) compare(l platformKey) int {
	return cmp.Or(cmp.Compare(k.SignsFrom, l.SignsFrom), k.notBefore().Compare(l.notBefore()), cmp.Compare(k.Serial, l.Serial), cmp.Compare(k.ListedFrom, l.ListedFrom))
}

// notBefore grows with each certificate of one keystore, even where the times of
// two rotations don't.
func (k platformKey) notBefore() time.Time {
	cert, err := x509.ParseCertificate(k.Cert)
	must.That(err == nil, "the platform certificate %s was read before", k.Serial)
	return cert.NotBefore
}
