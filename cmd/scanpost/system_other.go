//go:build !linux

package main

import "errors"

var errNotLinux = errors.New("only Linux tells")

func clockSynced() (bool, error) { return false, errNotLinux }

func freeSpace(string) (uint64, error) { return 0, errNotLinux }
