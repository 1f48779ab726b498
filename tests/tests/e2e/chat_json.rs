//! What `chat --json` prints, against `chat/schema.json` and against what it printed before.

use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

use chat_tests::daemon::{Daemon, errors, printed};

use super::records::Records;

const RECORDS: Records = Records { program: "chat", prefix: "chat-" };
/// Without a command.
const EVENTS: Records = Records { program: "chat", prefix: "" };

fn run(daemon: &Daemon, arguments: &[&str]) -> Output {
    let mut command = daemon.chat(&[&["--json"], arguments].concat());
    command.stdin(Stdio::null()).output().expect("chat runs")
}

fn succeed(daemon: &Daemon, arguments: &[&str]) -> String {
    let output = run(daemon, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    printed(&output)
}

#[test]
fn the_objects_of_each_command_are_as_documented_and_never_lose_a_field() {
    let daemon = Daemon::start();
    let mut anna = daemon.client("anna");
    let mut bert = daemon.client("bert");
    anna.send("AWAY :back at two");
    anna.sync();
    let mut carl = daemon.client("carl");
    carl.send("TALK REQUEST bert");
    carl.sync();
    bert.send("TALK ACCEPT carl");
    bert.sync();
    let mut tail = daemon.chat(&["--name", "watcher", "--json", "tail"]);
    let mut tail = tail.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("chat runs");
    let mut heard = BufReader::new(tail.stdout.take().expect("a pipe"));
    anna.expect_containing("JOIN #lobby");
    RECORDS.assert_same("list", "list", &succeed(&daemon, &["list"]));
    RECORDS.assert_same("send", "send", &succeed(&daemon, &["send", "to all"]));
    anna.send("PRIVMSG watcher :\u{1}ACTION waves\u{1}\r\nNOTICE watcher :look");
    anna.sync();
    assert!(daemon.chatctl(&["announce", "reboot at 18:00"]).status.success());
    let mut said = String::new();
    while !said.contains("reboot") {
        assert!(heard.read_line(&mut said).expect("a line") > 0, "{said}");
    }
    RECORDS.assert_same("tail", "tail", &said);
    RECORDS.assert_same("history", "history", &succeed(&daemon, &["history", "#lobby"]));
    drop(heard);
    anna.send("PRIVMSG #lobby :into a closed pipe");
    assert!(tail.wait().expect("chat ends").success());
}

#[test]
fn a_bot_reads_events_and_types_commands() {
    let daemon = Daemon::start();
    let mut anna = daemon.client("anna");
    let mut bot = daemon.chat(&["--name", "robot", "--json"]);
    let mut bot = bot.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("chat runs");
    let (mut typed, heard) = (bot.stdin.take().expect("a pipe"), bot.stdout.take().expect("a pipe"));
    anna.expect_containing("JOIN #lobby");
    anna.send("TALK REQUEST robot\r\nTALK CANCEL robot");
    anna.send("JOIN #c\r\nPART #c\r\nTOPIC #lobby :soup\r\nINVITE robot #c\r\nPRIVMSG robot :help");
    anna.send("AWAY :lunch\r\nAWAY\r\nNICK ann");
    anna.sync();
    let lines = [
        "to all",
        "<list>",
        "<channels>",
        "<names>",
        "<topic>",
        "<private> no-such hi",
        "<history>",
        "<search> help",
        "<list> ann",
        "<nonsense>",
        "<join> #d",
        "<leave> #d",
        "<away> busy",
        "<back>",
        "<help> join",
    ];
    writeln!(typed, "{}", lines.join("\n")).expect("chat reads");
    let mut said = String::new();
    let mut heard = BufReader::new(heard);
    while !said.contains("for example: <join>") || !said.contains("\"person\"") {
        assert!(heard.read_line(&mut said).expect("a line") > 0, "{said}");
    }
    anna.send("PART #lobby :bye\r\nQUIT :bye");
    drop(typed);
    std::io::Read::read_to_string(&mut heard, &mut said).expect("the rest");
    assert!(bot.wait().expect("chat ends").success());
    EVENTS.assert_same("chat", "chat", &said);
}

#[test]
fn errors_are_one_line_on_standard_error_and_a_status() {
    let daemon = Daemon::start();
    let mut bob = daemon.client("bob");
    bob.send("JOIN #ops\r\nMODE #ops +ik secret");
    bob.sync();
    for (arguments, status, said) in [
        (
            &["history", "nobodyy"][..],
            1,
            "nobody here is called nobodyy, and nothing is stored with that name",
        ),
        (&["history", "#nope"], 1, "#nope can't be read: there is no such channel, or you are not in it"),
        (&["history", "#ops"], 1, "#ops: "),
        (&["history", "#lobby", "--since", "never"], 2, "never is no date"),
        (
            &["send", "--wait", "3 apples", "hi"],
            2,
            "--wait 3 apples is no duration that is understood; 30s, 2m",
        ),
        (&["send", "--to", "#nope", "hi"], 1, "there is no channel #nope"),
        (&["send", "--to", "no body", "hi"], 2, "can't be the name of anybody"),
        (&["tail", "#ops"], 1, "#ops: "),
    ] {
        let output = run(&daemon, arguments);
        let line = errors(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {line}");
        assert!(line.starts_with("chat: ") && line.contains(said), "{arguments:?}: {line}");
        assert_eq!((line.lines().count(), printed(&output)), (1, String::new()), "{arguments:?}: {line}");
    }
    assert_eq!(succeed(&daemon, &["history", "bob"]), "");
}
