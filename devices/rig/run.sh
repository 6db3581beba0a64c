#!/bin/sh
# run.sh [flags of go test]: the program's tests in an emulated machine.
#
# Installs what is missing if it may, makes the guest and the programs for it,
# boots and tests. Where it can not, it says so in one line, and that is no
# failure. What does not build is one, and so is a test that fails.
#
# RIG_OUT      where the guest is made (default .cache/rig; not for git)
# RIG_CACHE    where the unpacked kernel is kept (default RIG_OUT/cache)
# RIG_PACKAGE  whose tests (default ./devices/rig)
# RIG_ARGS     further arguments of the test itself
set -eu
cd "$(dirname "$0")/../.."
out=${RIG_OUT:-$PWD/.cache/rig}
export RIG_CACHE="${RIG_CACHE:-$out/cache}" PATH="$PATH:/usr/sbin:/sbin"
mkdir -p "$out/disk/bin"
log=$out/log
: >"$log"

skip() {
	echo "rig: skipped, since $1"
	exit 0
}

[ "$(uname -s)" = Linux ] || skip "it needs Linux, and this is $(uname -s)"
command -v dpkg >/dev/null 2>&1 || skip "the guest is made of Debian packages, and there is no dpkg here"
[ "$(dpkg --print-architecture)" = amd64 ] || skip "the guest is made for amd64, and this is $(dpkg --print-architecture)"

# 1. What the host needs.
missing=
command -v qemu-system-x86_64 >/dev/null 2>&1 || missing="$missing qemu-system-x86"
command -v cpio >/dev/null 2>&1 || missing="$missing cpio"
command -v depmod >/dev/null 2>&1 || missing="$missing kmod"
command -v xz >/dev/null 2>&1 || missing="$missing xz-utils"
command -v mkfs.ext4 >/dev/null 2>&1 || missing="$missing e2fsprogs"
command -v gcc >/dev/null 2>&1 || missing="$missing gcc"
for package in busybox-static libc6-dev; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
kernel=
for d in "$RIG_CACHE"/amd64/linux-image-*/.done; do [ ! -e "$d" ] || kernel=$d; done

apt() {
	DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq -o Acquire::Retries=1 -o DPkg::Lock::Timeout=60 "$@" >>"$log" 2>&1 </dev/null
}
if [ -n "$missing" ] || [ -z "$kernel" ]; then
	command -v apt-get >/dev/null 2>&1 || skip "there is no apt-get to fetch its packages with"
	if [ "$(id -u)" = 0 ]; then
		apt update || skip "the package lists could not be fetched (no network?)"
	fi
fi
if [ -n "$missing" ]; then
	[ "$(id -u)" = 0 ] || skip "only root may install$missing (sudo make rig)"
	echo "rig: installing$missing"
	# shellcheck disable=SC2086
	apt install --no-install-recommends -y $missing || skip "apt-get could not install$missing ($(tail -n 1 "$log"))"
fi

# 2. The guest, and what is on its disk. All is static, so that it needs no
# libraries; with NO_ICONV the HID library wants no conversion modules either.
devices/rig/mkguest.sh "$out" 2>>"$log" || skip "the guest could not be made ($(tail -n 1 "$log"))"
export CGO_ENABLED=1 CGO_CFLAGS='-O2 -g -DNO_ICONV'
go build -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static' -o "$out/disk/bin/scanpost" ./cmd/scanpost
go test -c -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static' -o "$out/disk/bin/inguest.test" ./devices/rig/inguest

# 3. Boots, and says itself if it can not.
# shellcheck disable=SC2086
exec go test -v -count=1 -parallel 8 -timeout 10m "$@" "${RIG_PACKAGE:-./devices/rig}" -args -guest "$out" ${RIG_ARGS:-}
