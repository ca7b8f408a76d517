//go:build tools

// Package keda names the programs of KEDA that the Kubernetes proof builds, so
// that go.mod and go.sum pin them and everything they are made of.
package keda

import (
	_ "github.com/kedacore/keda/v2/cmd/adapter"
	_ "github.com/kedacore/keda/v2/cmd/operator"
	_ "github.com/kedacore/keda/v2/cmd/webhooks"
)
