module cairn.test/crds

go 1.26.1

require (
	sigs.k8s.io/external-dns v0.21.0
	sigs.k8s.io/gateway-api v1.6.0
	sigs.k8s.io/mcs-api v0.5.2
)
