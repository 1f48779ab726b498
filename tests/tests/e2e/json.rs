//! What `chatctl --json` prints, against `chatctl/schema.json` and against what it printed before.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use chat_tests::daemon::{Daemon, errors, printed};

use super::records::{Records, objects};

const RECORDS: Records = Records { program: "chatctl", prefix: "" };

fn succeed(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.chatctl(&[&["--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    printed(&output)
}

#[test]
fn the_objects_of_each_command_are_as_documented_and_never_lose_a_field() {
    let daemon = Daemon::start();
    let mut alice = daemon.client("alice");
    alice.send("JOIN #corner\r\nTOPIC #corner :quiet please\r\nAWAY :out for lunch\r\nMODE alice +i");
    alice.sync();
    let mut bob = daemon.connect_tcp();
    bob.register("bob");
    for (record, arguments) in [
        ("list", &["list"][..]),
        ("show", &["show", "alice"]),
        ("show-channel", &["show", "#corner"]),
        ("channels", &["channels"]),
        ("announce", &["announce", "reboot at 18:00"]),
        ("shutdown", &["shutdown", "--in", "1h", "--reason", "new disks"]),
        ("status", &["status"]),
        ("shutdown-cancel", &["shutdown", "--cancel"]),
        ("check", &["check"]),
        ("log", &["log", "debug"]),
        ("version", &["version"]),
        ("help", &["help"]),
        ("help-command", &["help", "kick"]),
        ("call", &["call", "Version"]),
        ("kick", &["kick", "bob"]),
        ("account-add", &["account", "add", "carol", "--generate"]),
        ("account-password", &["account", "password", "carol", "--generate"]),
        ("account-suspend", &["account", "suspend", "carol", "--reason", "holidays"]),
        ("account-list", &["account"]),
        ("account-show", &["account", "show", "carol"]),
        ("account-resume", &["account", "resume", "carol"]),
        ("account-remove", &["account", "remove", "carol"]),
        ("ban", &["ban", "192.0.2.0/24", "--for", "2h", "--reason", "too many guesses"]),
        ("bans", &["bans"]),
        ("unban", &["unban", "192.0.2.0/24"]),
    ] {
        RECORDS.assert_same(arguments[0], record, &succeed(&daemon, arguments));
    }
    alice.send("PRIVMSG #lobby :a slip");
    alice.sync();
    let said = objects(&succeed(&daemon, &["history", "export"])).pop().expect("something was said");
    let id = said["id"].as_str().expect("a message has an id").to_owned();
    RECORDS.assert_same("redact", "redact", &succeed(&daemon, &["redact", &id, "--reason", "a slip"]));
    let file = |name: &str| daemon.setup().path().join(name).to_str().expect("a path").to_owned();
    std::fs::write(file("log"), "2026-01-01 12:00:00\tbob\thello\n").expect("a log");
    let (backup, log) = (file("backup.db"), file("log"));
    for (record, arguments) in [
        ("backup", &["backup", &*backup][..]),
        ("history-import", &["history", "import", &log, "--format", "weechat", "--channel", "#lobby"]),
        ("history-export", &["history", "export"]),
        ("history-erase", &["history", "erase", "alice", "--yes"]),
    ] {
        RECORDS.assert_same(arguments[0], record, &succeed(&daemon, arguments));
    }
    daemon.setup().configure("[server]\nmotd = \"reloaded\"");
    RECORDS.assert_same("reload", "reload", &succeed(&daemon, &["reload"]));
}

#[test]
fn the_events_of_a_watch_are_as_documented_and_never_lose_a_field() {
    let daemon = Daemon::start();
    let mut watch = daemon.chatctl_command(&["--json", "watch", "--wait", "0s"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().expect("chatctl runs");
    let mut stdout = BufReader::new(watch.stdout.take().expect("a pipe"));
    let mut output = String::new();
    // A watcher isn't told that its stream has begun, so this is done until it is seen.
    super::administration::with_visitors(&daemon, || stdout.read_line(&mut output).expect("a line"));
    let mut alice = daemon.client("alice");
    let mut bob = daemon.client("bob");
    alice.send("JOIN #corner\r\nTOPIC #corner :quiet please\r\nMODE #corner +m\r\nINVITE bob #corner");
    alice.send("TALK REQUEST bob");
    alice.sync();
    bob.send("TALK ACCEPT\r\nJOIN #corner\r\nPART #corner :bye\r\nJOIN #corner\r\nAWAY :lunch\r\nAWAY\r\nNICK robert");
    bob.sync();
    alice.send("KICK #corner robert :too loud");
    alice.sync();
    for arguments in [
        &["announce", "reboot at 18:00"][..],
        &["account", "add", "carol", "--generate"],
        &["account", "password", "carol", "--generate"],
        &["account", "suspend", "carol", "--reason", "holidays"],
        &["account", "resume", "carol"],
        &["account", "remove", "carol"],
        &["ban", "192.0.2.0/24", "--reason", "too many guesses"],
        &["unban", "192.0.2.0/24"],
        &["shutdown", "--in", "1h", "--reason", "new disks"],
        &["shutdown", "--cancel"],
        &["log", "debug"],
        &["reload"],
        &["kick", "robert", "--reason", "too loud"],
        &["shutdown", "--reason", "new disks"],
    ] {
        succeed(&daemon, arguments);
    }
    stdout.read_to_string(&mut output).expect("events up to the end");
    assert!(watch.wait().expect("chatctl ends").success());
    RECORDS.assert_same("watch", "watch", &output);
}
