#!/bin/sh
# Replaces CoreDNS with Cairn in a kind cluster, and asks it what Kubernetes' own tests of DNS ask. It needs docker, kind and kubectl.
#
#   try.sh              makes the cluster if it is not there, builds and loads the image, swaps, checks, and prints a verdict
#   try.sh --restore    puts CoreDNS back
#   kind delete cluster --name cairn-try
#
# CLUSTER names another kind cluster. The exit status is 0 if every answer is as expected.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cluster=${CLUSTER:-cairn-try}
image=cairn-dns:try

say() { printf '\n== %s\n' "$*"; }

k() { kubectl --context "kind-$cluster" "$@"; }

system() { k -n kube-system "$@"; }

check() { k -n dns-conformance "$@"; }

make_cluster() {
  kind get clusters | grep -qx "$cluster" && return
  say "making the cluster $cluster"
  kind create cluster --name "$cluster" --config "$root/deploy/kind/cluster.yaml" --wait 3m
}

load_image() {
  say "building and loading $image"
  docker build --tag "$image" "$root"
  kind load docker-image "$image" --name "$cluster"
}

# Pods refer to the image only by its name, so pods of an older build must be restarted.
swap() {
  say "swapping CoreDNS for Cairn"
  before=$(system get deployment coredns -o jsonpath='{.metadata.generation}')
  k apply -k "$root/deploy/kind"
  after=$(system get deployment coredns -o jsonpath='{.metadata.generation}')
  [ "$before" != "$after" ] || system rollout restart deployment/coredns
  rolled_out
}

rolled_out() {
  system rollout status deployment/coredns --timeout 3m && return
  system get pods -l k8s-app=kube-dns -o wide
  system logs -l k8s-app=kube-dns --tail 20 --prefix || true
  return 1
}

ask() {
  say "asking what Kubernetes' tests ask"
  k apply -f "$root/deploy/conformance/objects.yaml"
  check delete job check --ignore-not-found
  check create configmap check --from-file="$root/deploy/conformance" --dry-run=client -o yaml | check apply -f -
  k apply -f "$root/deploy/kind/conformance.yaml"
  # The Job ends by itself, at the latest at its deadline.
  until is Complete || is Failed; do sleep 2; done
  check logs job/check || true
}

is() { [ "$(check get job check -o jsonpath="{.status.conditions[?(@.type=='$1')].status}")" = True ]; }

# The last revision of the Deployment with CoreDNS's image.
restore() {
  revision=$(system get replicasets -l k8s-app=kube-dns \
    -o jsonpath='{range .items[*]}{.metadata.annotations.deployment\.kubernetes\.io/revision} {.spec.template.spec.containers[0].image}{"\n"}{end}' |
    sort -n | awk '$2 ~ /\/coredns:/ { revision = $1 } END { print revision }')
  if [ -z "$revision" ]; then
    echo "the Deployment coredns has no revision with CoreDNS's image" >&2
    exit 1
  fi
  say "going back to revision $revision"
  system rollout undo deployment/coredns --to-revision "$revision"
  rolled_out
}

case ${1:-} in
  --restore) restore ;;
  '')
    make_cluster
    load_image
    swap
    ask
    if is Complete; then
      say "Cairn answers as Kubernetes expects"
    else
      say "Some answers are not as expected: see the lines with 'not ok'"
      exit 1
    fi
    ;;
  *)
    echo "usage: try.sh [--restore]" >&2
    exit 2
    ;;
esac
