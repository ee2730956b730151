package keystore

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"reflect"
	"slices"
	"time"

	"github.com/holdfast-pay/holdfast/internal/base/must"
)

// samePlatform says whether two contents may be one keystore's: everything that
// is drawn once and never changes is the same.
func samePlatform(a, b *contents) bool {
	return a.LogName == b.LogName && bytes.Equal(a.Inner.Cert, b.Inner.Cert) && bytes.Equal(a.Inner.Key, b.Inner.Key) &&
		bytes.Equal(a.Root.Cert, b.Root.Cert) && a.Public.ID == b.Public.ID && a.Checkpoint == b.Checkpoint
}

// merge is the newer of two contents with the keys that only the older has. It
// does not depend on their order, so nodes that give each other what they have
// end with the same. Its generation is that of one of the two when it is that
// one, and above both otherwise.
func merge(a, b *contents) *contents {
	newer, older := a, b
	if cmp.Or(cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.AdminToken, b.AdminToken)) < 0 {
		newer, older = b, a
	}
	m := newer.clone()
	for _, k := range older.APIv3 {
		if !slices.ContainsFunc(m.APIv3, func(had apiv3Key) bool { return had.ID == k.ID }) {
			m.APIv3 = append(m.APIv3, k)
		}
	}
	if len(m.APIv3) > len(newer.APIv3) {
		slices.SortFunc(m.APIv3, func(x, y apiv3Key) int {
			return cmp.Or(cmp.Compare(x.CreatedAt, y.CreatedAt), cmp.Compare(x.ID, y.ID))
		})
	}
	m.Platform = mergePlatform(newer.Platform, older.Platform)
	if !reflect.DeepEqual(m, newer) || a.Generation == b.Generation && !reflect.DeepEqual(a, b) {
		m.Generation = newer.Generation + 1
	}
	return m
}

// mergePlatform keeps every certificate, oldest first. Of two ends of one
// certificate the later counts; what another follows has an end.
func mergePlatform(newer, older []platformKey) []platformKey {
	m := slices.Clone(newer)
	for _, k := range older {
		i := slices.IndexFunc(m, func(had platformKey) bool { return had.Serial == k.Serial })
		if i < 0 {
			m = append(m, k)
			continue
		}
		m[i].ListedUntil = max(m[i].ListedUntil, k.ListedUntil)
	}
	if len(m) == len(newer) {
		return m
	}
	slices.SortFunc(m, func(x, y platformKey) int {
		return cmp.Or(cmp.Compare(x.SignsFrom, y.SignsFrom), x.notBefore().Compare(y.notBefore()), cmp.Compare(x.Serial, y.Serial))
	})
	for i := range m[:len(m)-1] {
		if m[i].ListedUntil == 0 {
			m[i].ListedUntil = m[i+1].SignsFrom + afterSwitch.Milliseconds()
		}
	}
	return m
}

// notBefore grows with each certificate of one keystore, even where the times of
// two rotations don't.
func (k platformKey) notBefore() time.Time {
	cert, err := x509.ParseCertificate(k.Cert)
	must.That(err == nil, "the platform certificate %s was read before", k.Serial)
	return cert.NotBefore
}
