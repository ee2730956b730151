package logsink

import "github.com/holdfast-pay/holdfast/internal/run/config"

// Config is what a process writes to standard error.
type Config struct {
	Level  string `toml:"level" yaml:"level"`
	Format string `toml:"format" yaml:"format"`
}

// Section is what can be set about c.
func Section(c *Config) config.Section {
	return config.Section{
		Name: "log",
		Settings: []config.Setting{
			config.Key("level", "`debug`, `info`, `warn` or `error`.", &c.Level),
			config.Key("format", "`text` or `json`.", &c.Format),
		},
		Default: func() { *c = Config{Level: "info", Format: "text"} },
		Check: func(k *config.Checker) {
			k.OneOf("level", c.Level, "debug", "info", "warn", "error")
			k.OneOf("format", c.Format, "text", "json")
		},
	}
}
