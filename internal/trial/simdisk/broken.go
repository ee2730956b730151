package simdisk

// Variant is a node that is wrong on purpose.
type Variant string

// The variants. "" is the real thing.
const (
	// AckBeforeSync answers when the log has been written, not when it is on disk.
	AckBeforeSync Variant = "ack-before-sync"
	// CutTooFar cuts the log below what is applied instead of what is durable.
	CutTooFar Variant = "cut-too-far"
	// IgnoreSyncError takes a failed sync for one that worked.
	IgnoreSyncError Variant = "ignore-sync-error"
	// ServeDamage answers that a row it cannot read is not there.
	ServeDamage Variant = "serve-damage"
	// SkipCheckStart starts on whatever the log still has.
	SkipCheckStart Variant = "skip-check-start"
	// NoScrub takes a pass that reads nothing for one that found nothing.
	NoScrub Variant = "no-scrub"
)

// Variants lists those that must be caught.
func Variants() []Variant {
	return []Variant{AckBeforeSync, CutTooFar, IgnoreSyncError, ServeDamage, SkipCheckStart, NoScrub}
}
