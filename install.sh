#!/bin/sh
# Installs the programs and what belongs to them below $DESTDIR, as root for the system itself, and removes them again.
# debian/rules uses it as well, so a package and an installation from source have the same files.
#
#   ./install.sh               installs; a changed file below /etc is left alone
#   ./install.sh --uninstall   stops chatd and removes what was installed; configuration and state are kept
#   ./install.sh --purge       the same, and removes them too
#
# BINARIES: the directory of the built programs (default: target/release).
# STRIP: the program that takes the symbols out of them (default: strip); empty: they stay.
set -eu
# What is installed is for everybody, whatever the caller's umask is.
umask 022
cd "$(dirname "$0")"
binaries=${BINARIES:-${CARGO_TARGET_DIR:-target}/release}
root=${DESTDIR:-}
strip=${STRIP-strip}
# Where Debian's zsh and fish look for what comes with the system; elsewhere they may look at other places.
zsh=${ZSH_COMPLETIONS:-/usr/share/zsh/vendor-completions}
fish=${FISH_COMPLETIONS:-/usr/share/fish/vendor_completions.d}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case ${1:-} in
    '') action=install ;;
    --uninstall | --purge) action=${1#--} ;;
    -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' install.sh; exit ;;
    *) fail "there is no option $1; try --help" ;;
esac

# program NAME, generated PROGRAM KIND FILE, file SOURCE FILE and setting SOURCE FILE install one thing each, or remove it.
program() {
    if [ "$action" = install ]; then
        install -D -m 755 "$binaries/$1" "$root/usr/bin/$1.new"
        [ -z "$strip" ] || "$strip" "$root/usr/bin/$1.new"
        # A program that runs is replaced, not written to.
        mv "$root/usr/bin/$1.new" "$root/usr/bin/$1"
    else
        forget "/usr/bin/$1"
    fi
}

# What a program makes of its own definitions.
generated() {
    if [ "$action" = install ]; then
        mkdir -p "$(dirname "$root$3")"
        "$binaries/$1" --generate "$2" > "$root$3"
    else
        forget "$3"
    fi
}

file() {
    if [ "$action" = install ]; then
        install -D -m 644 "$1" "$root$2"
    else
        forget "$2"
    fi
}

# A file that the administrator may change.
setting() {
    case $action in
        install) [ -e "$root$2" ] || file "$1" "$2" ;;
        purge) forget "$2" ;;
        uninstall)
            if cmp -s "$1" "$root$2"; then
                forget "$2"
            elif [ -e "$root$2" ]; then
                echo "kept: $root$2"
            fi
            ;;
    esac
}

# Removes a file, and the directories that are empty without it.
forget() {
    rm -f "$root$1"
    rmdir -p --ignore-fail-on-non-empty "$root$(dirname "$1")" 2> /dev/null || true
}

check() {
    if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
        fail "installing for the system needs root; DESTDIR=DIRECTORY goes below another directory"
    fi
    if [ -z "$root" ] && dpkg-query --search /usr/bin/chatd > /dev/null 2>&1; then
        fail "chatd is installed from its package here; upgrade or remove it with apt"
    fi
    [ "$action" = install ] || return 0
    for name in chatd chatctl chat; do
        [ -x "$binaries/$name" ] || fail "$binaries/$name is missing: cargo build --release"
    done
    if [ -n "$strip" ] && ! command -v "$strip" > /dev/null; then
        fail "there is no program $strip (Debian's package binutils); STRIP= installs the programs with their symbols"
    fi
}

# systemd must not start again, for a client that connects, what is being removed.
stop_service() {
    if [ -z "$root" ] && [ -d /run/systemd/system ] && [ -e /usr/lib/systemd/system/chatd.service ]; then
        systemctl disable --now chatd.socket chatd-admin.socket chatd.service
    fi
}

finish() {
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then
        systemctl daemon-reload
    fi
    if [ "$action" = uninstall ] && [ -e "$root/var/lib/chatd" ]; then
        echo "kept: $root/var/lib/chatd"
    fi
    if [ "$action" = purge ]; then
        rm -rf "$root/etc/chatd" "$root/var/lib/chatd"
    fi
    if [ "$action" != install ]; then
        rm -rf "$root/run/chatd"
        echo "The user chatd and the group chatd-admin stay; userdel and groupdel remove them."
    fi
}

check
[ "$action" = install ] || stop_service
for name in chatd chatctl chat; do
    program $name
    generated $name bash "/usr/share/bash-completion/completions/$name"
    generated $name zsh "$zsh/_$name"
    generated $name fish "$fish/$name.fish"
done
generated chatd man /usr/share/man/man8/chatd.8
generated chatctl man /usr/share/man/man8/chatctl.8
generated chatd man-config /usr/share/man/man5/chatd.toml.5
generated chat man /usr/share/man/man1/chat.1
setting etc/chatd.toml /etc/chatd/chatd.toml
for unit in chatd.service chatd.socket chatd-admin.socket; do
    file systemd/$unit /usr/lib/systemd/system/$unit
done
file systemd/chatd.sysusers.conf /usr/lib/sysusers.d/chatd.conf
file systemd/chatd.tmpfiles.conf /usr/lib/tmpfiles.d/chatd.conf
for part in filter.d/chatd.conf jail.d/chatd.conf; do
    setting etc/fail2ban/$part /etc/fail2ban/$part
done
[ "$action" = install ] && [ -n "$root" ] || finish
