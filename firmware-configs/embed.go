// Package firmware carries the profiles: one TOML file for each device model
// and mode, named vendor-model-mode.toml. They are data. devices/profile
// reads them, and a test there proves each by its own examples.
package firmware

import "embed"

// Files are the profiles.
//
//go:embed *.toml
var Files embed.FS
