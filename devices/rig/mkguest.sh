#!/bin/sh
# mkguest.sh OUT: makes OUT/kernel and OUT/initrd, the system of the guest, of
# Debian's packages. Nothing is installed: the kernel's package is downloaded
# and unpacked into a cache, and one that is there is used.
#
# Needs: go, busybox-static, cpio, kmod, xz-utils; apt-get for the kernel.
# RIG_CACHE  where the unpacked kernel is kept (default OUT/cache)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1" "${RIG_CACHE:-$1/cache}/amd64"
out=$(cd "$1" && pwd)
cache=$(cd "${RIG_CACHE:-$1/cache}/amd64" && pwd)

# 1. The kernel that Debian's meta package stands for. Not the cloud flavour,
# which has no USB at all.
root=
for d in "$cache"/linux-image-*; do [ ! -e "$d/.done" ] || root=$d; done
if [ -z "$root" ]; then
	package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/{print $2; exit}')
	[ -n "$package" ] || { echo "apt knows no linux-image-amd64" >&2; exit 1; }
	root=$cache/$package
	rm -rf "$root"
	mkdir -p "$root"
	cd "$root"
	timeout 300 apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=1 download "$package" >&2
	dpkg -x ./*.deb .
	rm -f ./*.deb
	touch .done
fi
version=${root##*/linux-image-}
[ -e "$root/lib/modules/$version/modules.dep" ] || depmod -b "$root" "$version"
# The image holds an xz stream. Unpacked here it need not be unpacked by the
# emulated processor at each boot: QEMU starts the ELF file by its PVH note.
if [ ! -s "$root/vmlinux" ]; then
	image=$root/boot/vmlinuz-$version
	at=$(LC_ALL=C grep -abo "$(printf '\3757zXZ')" "$image" | head -n1 | cut -d: -f1)
	# xz complains of what stands behind the stream.
	tail -c +$((at + 1)) "$image" | xz -dc --single-stream >"$root/vmlinux.part" 2>/dev/null || [ -s "$root/vmlinux.part" ]
	mv "$root/vmlinux.part" "$root/vmlinux"
fi
cp "$root/vmlinux" "$out/kernel"

# 2. Modules in the order of loading: in Debian's kernel virtio, USB and HID
# are all modules. What is not needed here is left out, so that it boots fast.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree" # else nobody but root gets anywhere
mkdir -p "$tree/bin" "$tree/etc/rig" "$tree/lib/rig" "$tree/root"
for module in virtio_pci virtio_net virtio_blk virtio-rng crc32c_generic ext4 xhci-pci usbhid hid-generic evdev ftdi_sio cdc-acm; do
	modprobe -d "$root" -S "$version" --show-depends "$module" | awk '/^insmod/{print $2}'
done | awk '!seen[$0]++' | grep -v /crc32c-intel.ko | while read -r file; do
	cp "$file" "$tree/lib/rig/"
	basename "$file" .ko >>"$tree/etc/rig/modules"
done

# 3. Programs.
cp -L "$(command -v busybox)" "$tree/bin/busybox"
for applet in sh ls cat cp ip mkdir mount umount dmesg ps pidof kill stty date grep tail timeout readlink; do ln -s busybox "$tree/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh' >"$tree/etc/passwd"
(cd "$here" && CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$tree/init" ./guestd)

# Not compressed: it would be unpacked by the emulated processor.
(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$out/initrd"
