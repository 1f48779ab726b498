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
# Where Debian's zsh and fish look for what comes with the system; elsewhere they may look at other places.
zsh=${ZSH_COMPLETIONS:-/usr/share/zsh/vendor-completions}
fish=${FISH_COMPLETIONS:-/usr/share/fish/vendor_completions.d}

put() {
    install -D -m 644 "$1" "$root$2"
}

# What a program makes of its own definitions.
generate() {
    mkdir -p "$(dirname "$root$3")"
    "$binaries/$1" --generate "$2" > "$root$3"
    chmod 644 "$root$3"
}

for program in chatd chatctl chat; do
    install -D -m 755 "$binaries/$program" "$root/usr/bin/$program"
    generate $program bash "/usr/share/bash-completion/completions/$program"
    generate $program zsh "$zsh/_$program"
    generate $program fish "$fish/$program.fish"
done
generate chatd man /usr/share/man/man8/chatd.8
generate chatctl man /usr/share/man/man8/chatctl.8
generate chatd man-config /usr/share/man/man5/chatd.toml.5
generate chat man /usr/share/man/man1/chat.1
[ -e "$root/etc/chatd/chatd.toml" ] || put etc/chatd.toml /etc/chatd/chatd.toml
for unit in chatd.service chatd.socket chatd-admin.socket; do
    put systemd/$unit /usr/lib/systemd/system/$unit
done
put systemd/chatd.sysusers.conf /usr/lib/sysusers.d/chatd.conf
put systemd/chatd.tmpfiles.conf /usr/lib/tmpfiles.d/chatd.conf
for file in filter.d/chatd.conf jail.d/chatd.conf; do
    put etc/fail2ban/$file /etc/fail2ban/$file
done
