#!/bin/sh
# Asks the DNS of a cluster for the names of names.txt, over UDP and over TCP, with one attempt each, and prints TAP. It needs dig, a pod's
# /etc/resolv.conf of the namespace dns-conformance, and the objects of objects.yaml in the cluster.
#
#   check.sh [LIST]
#
# CLUSTER_DOMAIN is the cluster's domain (default: cluster.local). The exit status is 1 if an answer is not as expected.
set -u
list=${1:-$(dirname "$0")/names.txt}
domain=${CLUSTER_DOMAIN:-cluster.local}

# ask TRANSPORT NAME TYPE: the status, then the data of the answer's records, sorted.
ask() {
  case $2 in
    @*) answer=$(dig "$1" +tries=1 +noall +comments +answer -x "$(address_of "${2#@}")") ;;
    *) answer=$(dig "$1" +tries=1 +noall +comments +answer +search -t "$3" "$2") ;;
  esac
  status=$(echo "$answer" | sed -n 's/.*status: \([A-Z]*\),.*/\1/p')
  data=$(echo "$answer" | awk '!/^;/ && NF { $1 = $2 = $3 = $4 = ""; sub(/^ +/, ""); print }' | sort | paste -s -d '|' -)
  echo "${status:-no answer}" "$data" | sed 's/|/, /g; s/ $//'
}

address_of() {
  { dig +short +search A "$1"; dig +short +search AAAA "$1"; } | head -n 1
}

# is_expected ANSWER EXPECTED
is_expected() {
  case $2 in
    some) case $1 in 'NOERROR '*) true ;; *) false ;; esac ;;
    nodata) [ "$1" = NOERROR ] ;;
    nxdomain) [ "$1" = NXDOMAIN ] ;;
    *) [ "$1" = "NOERROR $2" ] ;;
  esac
}

# check TRANSPORT NAME TYPES EXPECTED
check() {
  seen=
  for type in $(echo "$3" | tr / ' '); do
    answer=$(ask "$1" "$2" "$type")
    is_expected "$answer" "$4" && return 0
    seen="$seen# $type: $answer
"
  done
  return 1
}

count=0
failed=0
while read -r name types expected; do
  case $name in '' | '#'*) continue ;; esac
  for transport in +notcp +tcp; do
    count=$((count + 1))
    title="$name $types $expected ${transport#+}"
    if check "$transport" "$name" "$types" "$expected"; then
      echo "ok $count - $title"
    else
      failed=$((failed + 1))
      printf 'not ok %s - %s\n%s' "$count" "$title" "$seen"
    fi
  done
done <<LIST
$(sed "s/DOMAIN/$domain/g" "$list")
LIST
echo "1..$count"
[ "$failed" -eq 0 ]
