//go:build !unix

package main

import "os"

// windowOf says that there is no terminal that we can draw on.
func windowOf(*os.File) (width, height int, is bool) { return 0, 0, false }
