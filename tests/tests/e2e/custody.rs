//! Backups and the history as administrators have them: copied, restored, printed, taken over and erased.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use chat_tests::daemon::{Daemon, Setup, errors, printed};
use chat_tests::outside::required_login;
use serde_json::Value;

const LOG: &str = "\
--- Log opened Mon Nov 02 09:00:00 2020
09:00 -!- bob [~bob@host] has joined #lobby
09:01 <@alice> from long ago
09:01 < bob> an answer
nonsense
09:02  * alice waves
";

fn done(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = daemon.chatctl(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    printed(&output)
}

fn refused(output: &Output, status: i32, why: &str) {
    assert_eq!(output.status.code(), Some(status), "{}", errors(output));
    assert!(errors(output).contains(why), "{}", errors(output));
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// The texts of what `history export` prints.
fn texts(exported: &str) -> Vec<String> {
    let entries = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    entries
        .filter(|entry| entry["kind"] == "message")
        .filter_map(|entry| Some(entry["text"].as_str()?.to_owned()))
        .collect()
}

fn say(daemon: &Daemon, nick: &str, text: &str) {
    let mut client = daemon.client(nick);
    client.send(&format!("PRIVMSG #lobby :{text}"));
    client.sync();
}

#[test]
fn a_backup_is_taken_while_chatd_runs_and_restored_when_it_is_stopped() {
    let daemon = Daemon::start();
    say(&daemon, "alice", "before the backup");
    let file = daemon.setup().path().join("chat.db");
    let told = done(&daemon, &["backup", text_of(&file)]);
    assert!(told.contains("checked and read back") && told.contains("1 message "), "{told}");
    assert_eq!(file.metadata().expect("a backup").permissions().mode() & 0o777, 0o600);
    refused(&daemon.chatctl(&["backup", text_of(&file)]), 1, "--force");
    say(&daemon, "alice", "after the backup");
    let restore = |setup: &Setup| {
        let mut command = setup.command();
        command.args(["restore", text_of(&file)]).output().expect("chatd runs")
    };
    refused(&restore(daemon.setup()), 1, "stop it first");
    let setup = daemon.crash();
    let restored = restore(&setup);
    assert!(restored.status.success(), "{}", errors(&restored));
    assert!(printed(&restored).contains("messages 1"), "{}", printed(&restored));
    let daemon = setup.start();
    assert_eq!(texts(&done(&daemon, &["history", "export"])), ["before the backup"]);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing_behind() {
    let daemon = Daemon::start();
    let nowhere = daemon.setup().path().join("no such directory/chat.db");
    refused(&daemon.chatctl(&["backup", text_of(&nowhere)]), 1, "cannot write");
    let directory = daemon.setup().path().join("chat.db");
    fs::create_dir(&directory).expect("a directory");
    refused(&daemon.chatctl(&["backup", "--force", text_of(&directory)]), 1, "cannot write");
    let names = fs::read_dir(daemon.setup().path()).expect("a directory").flatten();
    let left = names.map(|file| file.file_name()).find(|name| name.to_string_lossy().contains("unfinished"));
    assert_eq!(left, None);
}

#[test]
fn a_backup_is_not_written_through_links() {
    let daemon = Daemon::start();
    let [precious, link, nowhere] =
        ["precious", "link", "nowhere"].map(|name| daemon.setup().path().join(name));
    fs::write(&precious, "precious").expect("a file");
    symlink(&precious, &link).expect("a link");
    symlink("no such file", &nowhere).expect("a link");
    for link in [&link, &nowhere] {
        refused(&daemon.chatctl(&["backup", text_of(link)]), 1, "--force");
        assert!(link.is_symlink());
    }
    done(&daemon, &["backup", "--force", text_of(&link)]);
    assert_eq!(fs::read(&precious).expect("a file"), b"precious");
    assert!(!link.is_symlink(), "the link was replaced, not what it leads to");
}

#[test]
fn a_log_is_taken_over_once_and_what_a_person_said_can_be_erased() {
    let daemon = Daemon::configured("[history]\nretention = \"forever\"");
    say(&daemon, "bob", "hello from today");
    let log = daemon.setup().path().join("lobby.log");
    fs::write(&log, LOG).expect("a log");
    let import = ["history", "import", text_of(&log), "--format", "irssi", "--channel", "#lobby"];
    let told = done(&daemon, &import);
    assert!(told.contains("imported 3 lines") && told.contains("not understood: line 5"), "{told}");
    let told = done(&daemon, &import);
    assert!(told.contains("imported 0 lines") && told.contains("3 lines there already"), "{told}");
    let all = ["from long ago", "an answer", "\u{1}ACTION waves\u{1}", "hello from today"];
    assert_eq!(texts(&done(&daemon, &["history", "export", "--channel", "#lobby"])), all);
    assert_eq!(texts(&done(&daemon, &["history", "export", "--since", "1d"])), all[3..]);
    refused(&daemon.chatctl(&["history", "erase", "alice"]), 2, "--yes");
    let told = done(&daemon, &["history", "erase", "alice", "--yes"]);
    assert!(told.contains("erased 2 lines"), "{told}");
    assert_eq!(texts(&done(&daemon, &["history", "export"])), [all[1], all[3]]);
}

#[test]
fn what_was_imported_is_read_in_the_channel() {
    let Some(login) = required_login("reading what was imported") else {
        return;
    };
    let daemon = Daemon::configured("[history]\nretention = \"forever\"");
    let mut reader = daemon.connect();
    reader.register_with(&login, "draft/chathistory server-time message-tags batch");
    let log = daemon.setup().path().join("lobby.log");
    fs::write(&log, LOG).expect("a log");
    let import = ["history", "import", text_of(&log), "--format", "irssi", "--channel", "#lobby"];
    done(&daemon, &[&import[..], &["--time-zone", "UTC"]].concat());
    reader.send("CHATHISTORY LATEST #lobby * 10");
    reader.expect(|line| line.contains("time=2020-11-02T09:01:00.000Z") && line.ends_with(":from long ago"));
    reader.expect(|line| line.contains(":bob!bob@imported PRIVMSG #lobby :an answer"));
}

#[test]
fn what_cannot_be_imported_is_told() {
    let daemon = Daemon::start();
    let _visitor = daemon.client("visitor");
    let log = daemon.setup().path().join("lobby.log");
    fs::write(&log, LOG).expect("a log");
    let import = |channel: &str| {
        daemon.chatctl(&["history", "import", text_of(&log), "--format", "irssi", "--channel", channel])
    };
    refused(&import("#nowhere"), 1, "no channel is called #nowhere");
    refused(&import("lobby"), 1, "cannot be a name");
    let told = printed(&import("#lobby"));
    assert!(told.contains("3 lines older than what is kept"), "{told}");
    let wrong = ["history", "import", "/no/such/log", "--format", "weechat", "--channel", "#lobby"];
    refused(&daemon.chatctl(&wrong), 1, "cannot read /no/such/log");
    let other = ["history", "import", text_of(&log), "--format", "weechat", "--channel", "#lobby"];
    refused(&daemon.chatctl(&other), 1, "is no log of WeeChat: line 1 is not understood");
}

#[test]
fn what_is_done_with_the_history_is_in_the_log() {
    let daemon = Daemon::start();
    let file = daemon.setup().path().join("chat.db");
    done(&daemon, &["backup", text_of(&file)]);
    done(&daemon, &["history", "export"]);
    done(&daemon, &["history", "erase", "carol", "--yes"]);
    let log = daemon.log();
    for request in ["Backup", "ExportHistory", "EraseHistory \"carol\""] {
        assert!(log.contains(&format!("org.chatd.Admin.{request}")), "{request}: {log}");
    }
}
