# Small Debians in containers. Read by `run`.

# curl, openssl and sqlite3 for the pages, fail2ban for its filter.
packages=systemd,systemd-sysv,dbus,util-linux,curl,openssl,sqlite3,fail2ban,python3-systemd

# The Debian mirror that this machine itself uses, or nothing.
mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' \
        "Release: $(. /etc/os-release && echo "$VERSION_CODENAME")" 2> /dev/null | head -n 1
}

# bare_system RELEASE DIRECTORY: a Debian with nothing of chatd, out of the cache if there is one.
bare_system() {
    local release=$1 system=$2
    local cache=${CHATD_TEST_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/chatd-systemd}
    local kept
    kept=$cache/$release-$(cksum <<< "$packages" | cut -d ' ' -f 1)
    mkdir -p "$cache"
    (
        flock 9
        if ! [ -e "$kept/complete" ]; then
            rm -rf "$kept"
            mkdir -p "$kept"
            PATH=$PATH:/usr/sbin debootstrap --variant=minbase --include="$packages" "$release" "$kept/system" \
                $(mirror) > "$kept/log" 2>&1 || { tail -n 20 "$kept/log"; exit 1; }
            touch "$kept/complete"
        fi
    ) 9> "$cache/$release.lock" || return
    cp -a "$kept/system" "$system"

    echo chathost > "$system/etc/hostname"
    echo '127.0.0.1 localhost chathost' > "$system/etc/hosts"
    local user
    for user in alice bob carol; do
        chroot "$system" useradd -m -s /bin/bash "$user"
    done
    echo 'Dpkg::Use-Pty "0";' > "$system/etc/apt/apt.conf.d/90trial"
    echo force-unsafe-io > "$system/etc/dpkg/dpkg.cfg.d/trial"
    # Only chatd's part of fail2ban is tried here. There is no sshd whose log it could read.
    ln -s /dev/null "$system/etc/systemd/system/fail2ban.service"
    rm "$system/etc/fail2ban/jail.d/defaults-debian.conf"
    install -m 644 "$here/trial.service" "$system/etc/systemd/system/"
    mkdir -p "$system/etc/systemd/system/multi-user.target.wants"
    ln -s ../trial.service "$system/etc/systemd/system/multi-user.target.wants/"
}

# boot SYSTEM TRIAL [OPTION]...: boots it with TRIAL as /trial, runs TRIAL/script there as a service, and gives the
# status that this ended with. With --volatile=overlay the system stays as it was.
#
# One at a time on a machine: with --keep-unit they all have the caller's control group, and each systemd takes away the
# groups in it that aren't its own.
boot() {
    local system=$1 trial=$2
    shift 2
    exec 8> /run/chatd-container.lock
    flock 8
    timeout --kill-after=10 300 systemd-nspawn -q --boot --register=no --keep-unit --private-network --link-journal=no \
        --directory="$system" --bind="$trial":/trial "$@" systemd.show_status=false \
        < /dev/null > "$trial/boot" 2>&1 8>&- || true
    exec 8>&-
    return "$(cat "$trial/status" 2> /dev/null || echo 125)"
}

# explain TRIAL: what happened in it, the most telling last.
explain() {
    local part
    for part in boot units journal out; do
        if [ -s "$1/$part" ]; then
            echo "--- $part"
            tail -n 60 "$1/$part"
        fi
    done
}
