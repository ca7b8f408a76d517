//go:build tools

// Package kwok names the program that stands in for nodes no machine here has,
// so that go.mod and go.sum pin it and everything it is made of.
package kwok

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
