//go:build tools

// Package traefik names the Ingress controller of the proof, so that go.mod
// and go.sum pin it and everything it is made of.
package traefik

import (
	_ "github.com/traefik/traefik/v3/cmd/traefik"
)
