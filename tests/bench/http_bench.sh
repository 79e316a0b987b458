#!/usr/bin/env bash
# A cached /metrics beside the same bytes served by libmicrohttpd as it comes, in turns; prints the best round of each and their ratio: the
# best, because what else runs on the machine only ever takes away.
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
trap 'kill $ours $bare 2>/dev/null || true; rm -rf "$work"' EXIT
ours='' bare=''

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
reached() { curl -sf --retry 50 --retry-delay 0 --retry-connrefused -o /dev/null "$1"; }
rate() { wrk -t1 -c"$1" -d2s "${@:3}" "$2" | awk '/^Requests\/sec/ { print $2 }'; }

our_port=$(free_port)
$build/tests/bench/http_page "127.0.0.1:$our_port" "$samples" <&3 >/dev/null & ours=$!
reached "http://127.0.0.1:$our_port/metrics"

# measure NAME [HEADER]: one form of the page, with one connection and with eight
measure() {
  local name=$1 header=(); [ $# -lt 2 ] || header=(-H "$2")
  curl -sf "${header[@]}" -o "$work/page" "http://127.0.0.1:$our_port/metrics"
  local port; port=$(free_port)
  $build/tests/bench/static_mhd "$port" "$work/page" <&3 & bare=$!
  reached "http://127.0.0.1:$port/"
  local connections round
  for connections in 1 8; do
    for round in $(seq "$rounds"); do
      echo "$(rate $connections "http://127.0.0.1:$our_port/metrics" "${header[@]}") $(rate $connections "http://127.0.0.1:$port/")"
    done | awk -v name="$name" -v bytes="$(stat -c %s "$work/page")" -v n=$connections \
      '{ if ($1 > ours) ours = $1; if ($2 > bare) bare = $2 }
       END { printf "%-9s %7d bytes, %d connection(s): /metrics %7.0f/s, static page %7.0f/s, ratio %.2f\n", name, bytes, n, ours, bare, ours / bare }'
  done
  kill $bare; wait $bare 2>/dev/null || true
}
measure identity
measure gzip 'Accept-Encoding: gzip'
