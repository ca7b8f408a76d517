//go:build tools

// Package tools names what is built, so that go.mod and go.sum pin it with everything it needs.
package tools

import _ "github.com/FerretDB/FerretDB/cmd/ferretdb"
