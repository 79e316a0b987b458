#!/usr/bin/env bash
# A cached /metrics beside the same bytes served by libmicrohttpd as it comes, in turns: requests a second, and CPU of the server for each by the
# scheduler's own count. The best round of each counts, because what else runs on the machine only ever takes away.
# http_bench.sh [SAMPLES [ROUNDS]]. Aim: at least 0.80 of the static page.
set -euo pipefail
cd "$(dirname "$0")/../.."
samples=${1:-1000} rounds=${2:-3} build=build/release
make -s -j2 $build/libsonde.a
mkdir -p $build/tests/bench
flags="-std=c11 -D_GNU_SOURCE -O2 -g -Iinclude -I."
cc $flags -o $build/tests/bench/http_page tests/bench/http_page.c $build/libsonde.a \
  -Wl,--as-needed $(pkg-config --libs libmicrohttpd libpcre2-8 libdeflate) -lpthread -lm
cc $flags -o $build/tests/bench/static_mhd tests/bench/static_mhd.c $(pkg-config --libs libmicrohttpd)

work=$(mktemp -d)
mkfifo "$work/ends" # both servers end with their standard input, however this script ends
exec 3<>"$work/ends"
ours='' bare=''
trap 'kill $ours $bare 2>/dev/null || true; rm -rf "$work"' EXIT

# address FILE: what a server prints when it listens
address() { until [ -s "$1" ]; do sleep 0.05; done; cat "$1"; }
cpu() { cat /proc/"$1"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f", ns }'; }
# rate PID CONNECTIONS URL [OPTION]: requests a second, and microseconds of CPU for each
rate() {
  local before after; before=$(cpu "$1")
  local counts; counts=$(wrk -t1 -c"$2" -d2s "${@:4}" "$3" | awk '/requests in/ { n = $1 } /^Requests\/sec/ { print $2, n }')
  after=$(cpu "$1")
  awk -v ns=$((after - before)) '{ print $1, ns / 1000 / $2 }' <<<"$counts"
}

$build/tests/bench/http_page 127.0.0.1:0 "$samples" <"$work/ends" 3>&- >"$work/ours" & ours=$!
our_page=http://$(address "$work/ours")/metrics

# measure NAME [HEADER]: one form of the page, with one connection and with eight
measure() {
  local name=$1 header=(); [ $# -lt 2 ] || header=(-H "$2")
  curl -sf "${header[@]}" -o "$work/page" "$our_page"
  $build/tests/bench/static_mhd "$work/page" <"$work/ends" 3>&- >"$work/bare" & bare=$!
  local bare_page; bare_page=http://$(address "$work/bare")/
  local connections round
  for connections in 1 8; do
    for round in $(seq "$rounds"); do
      echo "$(rate $ours $connections "$our_page" "${header[@]}") $(rate $bare $connections "$bare_page")"
    done | awk -v name="$name" -v bytes="$(stat -c %s "$work/page")" -v n=$connections '
      { if ($1 > ours) ours = $1; if ($3 > bare) bare = $3
        if (!our_cpu || $2 < our_cpu) our_cpu = $2; if (!bare_cpu || $4 < bare_cpu) bare_cpu = $4 }
      END { printf "%-9s %6d bytes, %d connection(s): /metrics %6.0f/s at %4.1f us of CPU, static page %6.0f/s at %4.1f us; ratio %.2f, by CPU %.2f\n",
              name, bytes, n, ours, our_cpu, bare, bare_cpu, ours / bare, bare_cpu / our_cpu }'
  done
  kill $bare
  wait $bare 2>/dev/null || true
  rm "$work/bare"
}
measure identity
measure gzip 'Accept-Encoding: gzip'
