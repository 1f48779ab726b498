//! What is said is there once, wherever the connection breaks.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use chat_tests::daemon::{Daemon, errors, printed, program};
use chat_tests::outside::{lacks_root, skip};
use chat_tests::proxy::{Cut, Proxy, Speaker};
use chat_tests::terminal::Terminal;

/// Every point of an exchange: the message on its way to the server, and the echo on its way back.
const POINTS: [(Speaker, Cut); 6] = [
    (Speaker::Program, Cut::Before),
    (Speaker::Program, Cut::Within),
    (Speaker::Program, Cut::After),
    (Speaker::Daemon, Cut::Before),
    (Speaker::Daemon, Cut::Within),
    (Speaker::Daemon, Cut::After),
];

fn proxied(daemon: &Daemon) -> Proxy {
    Proxy::start(&daemon.setup().path().join("proxy.sock"), &daemon.setup().socket())
}

/// `chat` under the login that runs the tests.
fn chat(proxy: &Proxy, arguments: &[&str]) -> Command {
    let mut command = Command::new(program("chat"));
    let home = proxy.path().parent().unwrap_or(Path::new("/"));
    command.arg("--server").arg(format!("unix:{}", proxy.path().display())).args(arguments);
    command.env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home).stdin(Stdio::null());
    command
}

/// How often the history has a line that ends so.
fn stored(daemon: &Daemon, text: &str) -> usize {
    let output = daemon.chat(&["history", "-n", "1000"]).output().expect("chat runs");
    assert!(output.status.success(), "{}", errors(&output));
    printed(&output).lines().filter(|line| line.ends_with(text)).count()
}

#[test]
fn a_script_says_it_once_wherever_the_connection_breaks() {
    let daemon = Daemon::start();
    let proxy = proxied(&daemon);
    let mut bob = daemon.client("bob");
    for (index, (speaker, cut)) in POINTS.into_iter().enumerate() {
        let text = format!("backup {index} done");
        proxy.cut_at(speaker, &format!("PRIVMSG #lobby :{text}"), cut);
        let sent = chat(&proxy, &["send", &text]).output().expect("chat runs");
        assert!(sent.status.success(), "{speaker:?} {cut:?}: {}", errors(&sent));
        assert!(!proxy.is_whole(), "{speaker:?} {cut:?}");
        assert_eq!(errors(&sent), "");
        assert_eq!(stored(&daemon, &text), 1, "{speaker:?} {cut:?}");
    }
    let heard: Vec<_> = bob.sync().into_iter().filter(|line| line.contains("backup")).collect();
    assert_eq!(heard.len(), POINTS.len(), "{heard:?}");
}

#[test]
fn a_script_that_cannot_say_it_fails_within_the_time_it_was_given() {
    let daemon = Daemon::start();
    let proxy = proxied(&daemon);
    proxy.shut();
    let sent = chat(&proxy, &["send", "--wait", "1", "lost"]).output().expect("chat runs");
    assert_eq!(sent.status.code(), Some(3), "{}", errors(&sent));
    assert_eq!(stored(&daemon, "lost"), 0);
}

#[test]
fn lines_are_said_once_and_in_order_wherever_the_connection_breaks() {
    let daemon = Daemon::start();
    let proxy = proxied(&daemon);
    let mut terminal = Terminal::run(&chat(&proxy, &[]), 120, 80);
    terminal.wait_for_text("#lobby>");
    for (index, (speaker, cut)) in POINTS.into_iter().enumerate() {
        proxy.cut_at(speaker, &format!("PRIVMSG #lobby :one {index} end"), cut);
        for word in ["one", "two", "three"] {
            terminal.line(&format!("{word} {index} end"));
        }
        for word in ["one", "two", "three"] {
            let text = format!(": {word} {index} end");
            let is_said = |line: &&str| line.ends_with(&text) && !line.starts_with("kept");
            let screen = terminal.wait_for(|screen| screen.lines().any(|line| is_said(&line)));
            assert_eq!(screen.lines().filter(is_said).count(), 1, "{speaker:?} {cut:?}\n{screen}");
            assert_eq!(stored(&daemon, &text), 1, "{speaker:?} {cut:?}\n{screen}");
        }
        let screen = terminal.wait_for(|screen| screen.matches("connected again").count() == index + 1);
        assert!(!screen.contains("may not have arrived"), "{screen}");
    }
    let told = daemon.chat(&["history", "-n", "1000"]).output().expect("chat runs");
    let told = printed(&told);
    let order: Vec<_> = told.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text).collect();
    let expected: Vec<_> = (0..POINTS.len())
        .flat_map(|n| ["one", "two", "three"].map(|word| format!("{word} {n} end")))
        .collect();
    assert_eq!(order, expected);
}

#[test]
fn what_was_said_meanwhile_is_shown_once_and_in_its_place() {
    let daemon = Daemon::start();
    let proxy = proxied(&daemon);
    let mut bob = daemon.client("bob");
    let mut terminal = Terminal::run(&chat(&proxy, &[]), 40, 80);
    terminal.wait_for_text("#lobby>");
    bob.send("PRIVMSG #lobby :before");
    terminal.wait_for_text("bob: before");
    proxy.shut();
    terminal.wait_for_text("connecting again");
    for n in 0..5 {
        bob.send(&format!("PRIVMSG #lobby :missed {n}"));
    }
    bob.sync();
    terminal.line("mine");
    proxy.open();
    let is_mine = |line: &str| line.ends_with(": mine") && !line.contains("kept");
    terminal.wait_for(|screen| screen.lines().any(is_mine));
    bob.send("PRIVMSG #lobby :after");
    let screen = terminal.wait_for_text("bob: after");
    let at = |is: &dyn Fn(&str) -> bool| {
        assert_eq!(screen.lines().filter(|line| is(line)).count(), 1, "{screen}");
        screen.lines().position(is)
    };
    let ends = |text: &'static str| move |line: &str| line.contains(text);
    let places = [
        at(&ends("bob: before")),
        at(&ends("5 unread since")),
        at(&ends("missed 0")),
        at(&ends("missed 1")),
        at(&ends("missed 4")),
        at(&is_mine),
        at(&ends("bob: after")),
    ];
    assert!(places.is_sorted(), "{screen}");
}

#[test]
fn guest_takes_its_name_back_from_a_silently_dead_link() {
    let daemon = Daemon::start();
    let proxy = proxied(&daemon);
    let mut bob = daemon.client("bob");
    let mut anna = Terminal::run(&chat(&proxy, &["--name", "anna"]), 24, 80);
    anna.wait_for_text("#lobby>");
    bob.sync();
    proxy.strand();
    anna.line("typed meanwhile");
    anna.wait_for_text("anna: typed meanwhile");
    let heard: Vec<_> = bob.sync().into_iter().filter(|line| line.contains(":anna!")).collect();
    assert!(matches!(&heard[..], [said] if said.ends_with("PRIVMSG #lobby :typed meanwhile")), "{heard:?}");
    anna.line("<quit>");
    assert_eq!(anna.wait(), 0);
}

#[test]
fn a_cron_job_of_any_user_can_say_it() {
    let nobody = nix::unistd::User::from_name("nobody").expect("users can be looked up");
    let what = "chat send as another user";
    let Some(nobody) = nobody else {
        return skip(what, "there is no user nobody");
    };
    if lacks_root(what) {
        return;
    }
    let daemon = Daemon::start();
    let directory = daemon.setup().path();
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).expect("mine");
    let chat = directory.join("chat-for-all");
    std::fs::copy(program("chat"), &chat).expect("a program that everybody can run");
    // What cron gives: no terminal, hardly an environment, and this user has no home.
    let sent = Command::new(&chat)
        .env_clear()
        .env("HOME", "/nonexistent")
        .arg("--server")
        .arg(format!("unix:{}", daemon.setup().socket().display()))
        .args(["send", "backup done"])
        .uid(nobody.uid.as_raw())
        .gid(nobody.gid.as_raw())
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .expect("chat runs");
    assert!(sent.status.success(), "{}", errors(&sent));
    assert_eq!(stored(&daemon, "nobody: backup done"), 1);
}
