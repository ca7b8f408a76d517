module screenalytics.dev/proof/traefik

go 1.26.0

require github.com/traefik/traefik/v3 v3.7.13

// As Traefik's own go.mod has them, which counts only where it is the main module: its fork of go-http-auth at the revision
// before, since the proxy lacks the one it names, and `ext`, which lies in its source and not in its module.
replace (
	github.com/abbot/go-http-auth => github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e
	github.com/gorilla/mux => github.com/containous/mux v0.0.0-20250523120546-41b6ec3aed59
	github.com/traefik/traefik/dynamic/ext => ./absent/ext
)

exclude github.com/tencentcloud/tencentcloud-sdk-go v3.0.83+incompatible
