# What the checks have in common. They run after these, as root, in a container that has booted.
set -eEuo pipefail
trap 'echo "FAILED: $BASH_COMMAND"' ERR
export DEBIAN_FRONTEND=noninteractive

fail() {
    echo "FAILED: $*"
    exit 1
}

# expect_status WANTED COMMAND...: what it says is in $said afterwards.
expect_status() {
    local wanted=$1 got=0
    shift
    said=$("$@" 2>&1) || got=$?
    [ "$got" = "$wanted" ] || fail "'$*' ended with status $got instead of $wanted and said: $said"
}

# expect WORDS COMMAND...: it succeeds and says them.
expect() {
    local words=$1
    shift
    expect_status 0 "$@"
    grep -qF -- "$words" <<< "$said" || fail "'$*' said nothing of '$words': $said"
}

# wait_until COMMAND...: tries it again until it succeeds, for 30 seconds at most.
wait_until() {
    local deadline=$((SECONDS + 30))
    until "$@" > /dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "not within 30 seconds: $*"
        sleep 0.05
    done
}

# as USER COMMAND...
as() {
    local user=$1
    shift
    runuser -u "$user" -- "$@"
}

# of_unit PROPERTY [UNIT]
of_unit() {
    systemctl show -P "$1" "${2:-chatd.service}"
}

# unit_is PROPERTY VALUE [UNIT]
unit_is() {
    [ "$(of_unit "$1" "${3:-}")" = "$2" ]
}

# expect_unit PROPERTY VALUE [UNIT]
expect_unit() {
    unit_is "$@" || fail "${3:-chatd.service} has $1=$(of_unit "$1" "${3:-}") instead of $2"
}

# journal_has FIELD=VALUE... [WORDS]: chatd has logged such an entry, whatever its words.
journal_has() {
    journalctl --sync
    [ -n "$(journalctl --no-pager -q -o cat _SYSTEMD_UNIT=chatd.service "$@")" ]
}

# listening USER FILE: USER sits in the lobby, and what it hears goes into FILE. The process is $listener.
listening() {
    as "$1" timeout 120 chat tail > "$2" 2>&1 &
    listener=$!
    wait_until is_on "$1"
}

is_on() {
    chatctl list | grep -q "^$1 "
}
