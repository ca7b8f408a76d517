//go:build tools

// Package router names the program that enforces network policies in the
// Kubernetes proof, so that go.mod and go.sum pin it and everything it is made of.
package router

import (
	_ "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"
)
