package node

import (
	"time"

	"github.com/holdfast-pay/holdfast/internal/run/config"
)

// DiskConfig is what the node expects of its disk: the disk guard, the stores and the
// scrubber.
type DiskConfig struct {
	MinFree        config.Bytes    `toml:"min_free" yaml:"min_free"`
	MinFreePercent int             `toml:"min_free_percent" yaml:"min_free_percent"`
	KeepLog        config.Bytes    `toml:"keep_log" yaml:"keep_log"`
	KeepLogFor     config.Duration `toml:"keep_log_for" yaml:"keep_log_for"`
	Cache          config.Bytes    `toml:"cache" yaml:"cache"`
	ScrubEvery     config.Duration `toml:"scrub_every" yaml:"scrub_every"`
	ScrubRate      config.Bytes    `toml:"scrub_rate" yaml:"scrub_rate"`
}

// diskSection is what can be set about the disk.
func diskSection(c *Config) config.Section {
	d := &c.Disk
	return config.Section{
		Name: "disk",
		Settings: []config.Setting{
			config.Key("min_free", "Writes are refused while less is free.", &d.MinFree),
			config.Key("min_free_percent", "Writes are refused while less than this share of the disk is free, 0 to 50; the larger of the two bounds counts.", &d.MinFreePercent),
			config.Key("keep_log", "Log kept for followers and replays, at most.", &d.KeepLog),
			config.Key("keep_log_for", "Log kept for followers and replays, at most this long.", &d.KeepLogFor),
			config.Key("cache", "Memory for blocks of the state.", &d.Cache),
			config.Key("scrub_every", "Everything stored is read and checked this often, in the background.", &d.ScrubEvery),
			config.Key("scrub_rate", "Bytes a second that are read for it; 0 spreads them over `scrub_every`, at least 1 MiB a second. A busy node reads an eighth.", &d.ScrubRate),
		},
		Default: func() {
			*d = DiskConfig{MinFree: 2 << 30, MinFreePercent: 5, KeepLog: 1 << 30, KeepLogFor: 600 * second, Cache: 256 << 20, ScrubEvery: 24 * 3600 * second}
		},
		Check: d.check,
	}
}

func (d *DiskConfig) check(k *config.Checker) {
	k.Within("min_free_percent", int64(d.MinFreePercent), 0, 50, "0", "50")
	k.Within("keep_log", int64(d.KeepLog), 64<<20, 1<<40, "64MiB", "1TiB")
	k.Times("keep_log_for", d.KeepLogFor, time.Second, 30*24*time.Hour)
	k.Within("cache", int64(d.Cache), 8<<20, 1<<40, "8MiB", "1TiB")
	k.Times("scrub_every", d.ScrubEvery, time.Minute, 90*24*time.Hour)
	k.That(d.ScrubRate == 0 || d.ScrubRate >= 64<<10 && d.ScrubRate <= 1<<40, "scrub_rate", "it must be 0, or 64KiB to 1TiB", "0")
}
