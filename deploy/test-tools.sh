#!/bin/sh
# Installs what some tests need beyond Go and gcc, where it may. The tests skip
# what is missing, so this never fails; it says in one line what is left out.
set -u

# nats-server is a Go program: no root, no package. It is no part of our module;
# the tests look where it is put here.
nats=v2.15.2
cache="${XDG_CACHE_HOME:-$HOME/.cache}/scanpost-tools"
if ! command -v nats-server >/dev/null 2>&1 && [ ! -x "$cache/nats-server" ]; then
	echo "test-tools: installing nats-server $nats"
	if said=$(cd / && GOFLAGS= GOWORK=off GOBIN="$cache" CGO_ENABLED=0 timeout 600 "${GO:-go}" install -trimpath "github.com/nats-io/nats-server/v2@$nats" 2>&1 </dev/null); then
		:
	else
		echo "test-tools: skipped, since nats-server could not be built: the tests that need it ($(printf '%s' "$said" | tail -n 1))"
	fi
fi

missing=""
command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
	command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
[ -n "$missing" ] || exit 0

skip() {
	echo "test-tools: skipped, since $1: the tests that need$missing"
	exit 0
}
command -v apt-get >/dev/null 2>&1 || skip "there is no apt-get here"
[ "$(id -u)" = 0 ] || skip "only root may install (sudo deploy/test-tools.sh)"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "test-tools: installing$missing"
export DEBIAN_FRONTEND=noninteractive
export RUNLEVEL=1 # mosquitto's own service would take the port that an embedded broker wants
apt() { timeout 300 apt-get -qq -o Acquire::Retries=1 -o DPkg::Lock::Timeout=60 "$@" >>"$log" 2>&1 </dev/null; }
apt update || skip "the package lists could not be fetched (no network?)"
# One by one: a browser that is not to be had must not cost the broker.
for package in $missing; do
	if ! apt install --no-install-recommends -y "$package"; then
		echo "test-tools: skipped, since apt-get could not install it: the tests that need $package ($(tail -n 1 "$log"))"
	fi
done
exit 0
