# What the tests with real clients have in common: a chatd in a directory of its own, clients in tmux, patience.
# Needs irssi, weechat-headless and tmux; the programs come from $CHATD_TEST_BINARIES (default: target/debug).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binaries=${CHATD_TEST_BINARIES:-${CARGO_TARGET_DIR:-$root/target}/debug}
place=$(mktemp -d)
# The clients take the terminal and the encoding of their text from here, and tmux its sockets' place.
export TERM=screen-256color LC_ALL=C.UTF-8 TMUX_TMPDIR=$place
processes=()

tidy() {
    tmux -L "chatd-$$" kill-server 2>/dev/null || true
    for process in "${processes[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    wait
    rm -rf "$place"
}
trap tidy EXIT

fail() {
    echo "clients: $*" >&2
    for log in "$place"/*.log "$place"/weechat*/logs/*; do
        if [ -f "$log" ]; then
            echo "--- $log" >&2
            tail -n 20 "$log" >&2
        fi
    done
    for session in $(tmux -L "chatd-$$" list-sessions -F '#S' 2>/dev/null); do
        echo "--- $session" >&2
        tmux -L "chatd-$$" capture-pane -p -t "$session" >&2 || true
    done
    exit 1
}

# Repeats a check until it holds; half a minute is for busy machines.
await() {
    local what=$1
    shift
    for _ in $(seq 150); do
        if "$@"; then
            return
        fi
        sleep 0.2
    done
    fail "$what does not happen"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# in_terminal SESSION COMMAND: runs it on a screen of its own.
in_terminal() {
    tmux -L "chatd-$$" -f /dev/null new-session -d -s "$1" -x 100 -y 40 "$2"
}

type_in() {
    tmux -L "chatd-$$" send-keys -t "$1" "$2" Enter
}

on_screen() {
    tmux -L "chatd-$$" capture-pane -p -S -200 -t "$1" 2>/dev/null | grep -qF -- "$2"
}

in_log() {
    grep -rqF -- "$2" "$1" 2>/dev/null
}

# Makes a certificate; its fingerprint is in $fingerprint, and as WeeChat wants it in $bare_fingerprint.
make_certificate() {
    local made
    made=$("$binaries/chatd" make-certificate --directory "$place" --name localhost)
    fingerprint=$(grep -E '^([0-9A-F]{2}:){31}[0-9A-F]{2}$' <<< "$made")
    bare_fingerprint=$(tr -d : <<< "$fingerprint" | tr A-F a-f)
}

tls_listener() {
    echo "tcp = \"127.0.0.1:$1\""
    echo "tls = { certificate = \"$place/fullchain.pem\", key = \"$place/privkey.pem\" }"
}

# WeeChat calls its options for TLS ssl up to version 3.
weechat_tls() {
    case $(weechat-headless --version) in
        [123].*) echo ssl ;;
        *) echo tls ;;
    esac
}

# Starts it with the configuration on standard input, besides its sockets.
start_chatd() {
    {
        printf '[[listen]]\nunix = "%s/chat.sock"\n[admin]\nsocket = "%s/admin.sock"\n' "$place" "$place"
        cat
    } > "$place/chatd.toml"
    RUNTIME_DIRECTORY=$place STATE_DIRECTORY=$place "$binaries/chatd" --config "$place/chatd.toml" \
        2> "$place/chatd.log" &
    processes+=($!)
    await "chatd's start" test -S "$place/chat.sock"
}

chatctl() {
    "$binaries/chatctl" --socket "$place/admin.sock" "$@"
}

# start_weechat DIRECTORY OPTIONS...: connects to the server "here" that the options tell of. It is $weechat, and obeys
# what is written to DIRECTORY.fifo.
start_weechat() {
    local directory=$1
    shift
    mkdir -p "$directory"
    weechat-headless --dir "$directory" --stdout \
        --run-command "/set relay.network.bind_address 127.0.0.1" \
        --run-command "/set logger.file.flush_delay 0" \
        --run-command "/set fifo.file.path $directory.fifo" \
        --run-command "/server add here $*" \
        --run-command "/connect here" > "$directory.log" 2>&1 &
    weechat=$!
    processes+=("$weechat")
}
