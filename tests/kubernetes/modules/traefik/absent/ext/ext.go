// Package ext stands where Traefik's source has two types without fields: a folder that its published module leaves out.
package ext

type HTTP struct{}

type Router struct{}
