#!/bin/sh
# Installs the programs and what belongs to them below $DESTDIR, as root for the system itself. debian/rules uses it
# as well, so a package and an installation from source have the same files.
#
# BINARIES: the directory of the built programs (default: target/release).
# An /etc/chatd/chatd.toml that is there is left alone.
set -eu
cd "$(dirname "$0")"
binaries=${BINARIES:-${CARGO_TARGET_DIR:-target}/release}
root=${DESTDIR:-}

put() {
    install -D -m 644 "$1" "$root$2"
}

for program in chatd chatctl chat; do
    install -D -m 755 "$binaries/$program" "$root/usr/bin/$program"
done
[ -e "$root/etc/chatd/chatd.toml" ] || put etc/chatd.toml /etc/chatd/chatd.toml
put systemd/chatd.service /usr/lib/systemd/system/chatd.service
put systemd/chatd.sysusers.conf /usr/lib/sysusers.d/chatd.conf
put systemd/chatd.tmpfiles.conf /usr/lib/tmpfiles.d/chatd.conf
