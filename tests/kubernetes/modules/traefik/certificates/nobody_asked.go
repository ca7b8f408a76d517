// Package dns stands where the proof's Traefik would have the clients of all companies whose name servers it can ask to have
// certificates made. The proof asks nobody: its certificate is given.
package dns

import (
	"errors"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, errors.New("this build asks no name servers: " + name)
}
