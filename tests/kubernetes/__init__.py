"""The Kubernetes deployment proved on Kubernetes' own programs: `make k8s-proof`."""
