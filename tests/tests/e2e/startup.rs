//! What stands in the way of a start, and what is said about it.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use chat_tests::daemon::{Daemon, Setup, errors};
use chat_tests::outside::lacks_root;

#[test]
fn a_stale_socket_is_replaced() {
    let place = Daemon::start().crash();
    assert!(place.socket().exists());
    let daemon = place.start();
    daemon.client("alice");
}

#[test]
fn a_second_instance_refuses_to_start_and_leaves_the_first_alone() {
    let daemon = Daemon::start();
    let second = daemon.setup().run_to_end();
    let said = errors(&second);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another chatd") || said.contains("already"), "{said}");
    daemon.client("alice");
}

#[test]
fn a_port_in_use_is_named() {
    let setup = Setup::new();
    let _taken = TcpListener::bind(setup.address).expect("the port is free");
    let output = setup.run_to_end();
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&setup.address.to_string()) && said.contains("in use"), "{said}");
}

#[test]
fn a_bad_configuration_is_told_by_line_and_column() {
    for (bad, said) in [
        ("[server]\nnmae = \"x\"", "nmae"),
        ("[keepalive]\ninterval = \"soon\"", "soon"),
        ("[limits]\nnick-length = -3", "number from 1 to"),
        ("[server\n", "chatd.toml:"),
    ] {
        let setup = Setup::configured(bad);
        for check in [true, false] {
            let mut command = setup.command();
            if check {
                command.arg("check");
            }
            let output = command.output().expect("chatd runs");
            let text = errors(&output);
            assert_eq!(output.status.code(), Some(78), "{bad}: {text}");
            let place = format!("{}:", setup.configuration().display());
            let line = text.lines().find(|line| line.contains(&place)).unwrap_or_default();
            let numbers: Vec<_> =
                line.split_once(&place).map_or("", |(_, rest)| rest).splitn(3, ':').collect();
            assert!(numbers.len() == 3 && numbers[0].parse::<u32>().is_ok(), "{text}");
            assert!(text.contains(said), "{text}");
        }
    }
}

#[test]
fn a_missing_configuration_is_an_error_when_it_was_asked_for() {
    let setup = Setup::new();
    std::fs::remove_file(setup.configuration()).expect("it is there");
    let output = setup.run_to_end();
    assert_eq!(output.status.code(), Some(78), "{}", errors(&output));
    assert!(errors(&output).contains("chatd.toml"), "{}", errors(&output));
}

#[test]
fn plain_tcp_for_the_world_must_be_asked_for() {
    let setup = Setup::configured("[[listen]]\ntcp = \"0.0.0.0:0\"");
    let output = setup.command().arg("check").output().expect("chatd runs");
    assert_eq!(output.status.code(), Some(78));
    assert!(errors(&output).contains("insecure"), "{}", errors(&output));
}

#[test]
fn no_configuration_is_needed() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new(chat_tests::daemon::program("chatd"))
        .arg("check")
        .env("CONFIGURATION_DIRECTORY", directory.path())
        .output()
        .expect("chatd runs");
    assert!(output.status.success(), "{}", errors(&output));
}

#[test]
fn the_shipped_configuration_is_valid() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/chatd.toml");
    let output = Command::new(chat_tests::daemon::program("chatd"))
        .args(["check", "--config", shipped])
        .output()
        .expect("chatd runs");
    assert!(output.status.success(), "{}", errors(&output));
}

/// What chatd prints where it believes that systemd's journal reads standard error.
fn journal_of(setup: &Setup, mut command: Command) -> String {
    let path = setup.path().join("journal");
    let file = File::create(&path).expect("a file");
    let found = file.metadata().expect("it is there");
    command.env("JOURNAL_STREAM", format!("{}:{}", found.dev(), found.ino()));
    let status = command.stderr(file).status().expect("chatd runs");
    assert!(!status.success());
    std::fs::read_to_string(path).expect("text")
}

#[test]
fn every_reason_not_to_start_has_priority_err_in_the_journal() {
    let plain = Setup::new;
    let taken = plain();
    let _taken = TcpListener::bind(taken.address).expect("the port is free");
    let broken = plain();
    std::fs::write(broken.path().join("chatd.db"), "x".repeat(100_000)).expect("a file");
    let running = Daemon::start();
    let certificate = "[[listen]]\ntcp = \"127.0.0.1:0\"\ntls = { certificate = \"/no/c\", key = \"/no/k\" }";
    let with = |argument: &str| {
        let setup = plain();
        let mut command = setup.command();
        command.arg(argument);
        (setup, command)
    };
    let of = |setup: Setup| {
        let command = setup.command();
        (setup, command)
    };
    let mut cases = vec![
        (of(Setup::configured("[server]\nmotto = \"x\"")), "motto"),
        (of(Setup::configured(certificate)), "no such file"),
        (of(taken), "in use"),
        (of(broken), "chatd.db"),
        (of(plain().with_state("/dev/null/state".as_ref())), "/dev/null/state"),
        (with("--frobnicate"), "--frobnicate"),
    ];
    let second = running.setup().command();
    cases.push(((plain(), second), "another chatd"));
    for ((setup, command), cause) in cases {
        let journal = journal_of(&setup, command);
        let line = journal.lines().find(|line| line.contains(cause)).unwrap_or_default();
        assert!(line.starts_with("<3>"), "{cause}: {journal}");
        assert!(journal.lines().all(|line| line.starts_with('<')), "{journal}");
    }
}

#[test]
fn default_listener_without_its_address_is_left_out() {
    if lacks_root("the test of a host without addresses") {
        return;
    }
    let setup = Setup::new().without_addresses();
    std::fs::write(setup.configuration(), "").expect("the configuration can be written");
    let daemon = setup.start();
    daemon.client("alice");
    assert!(daemon.chatctl(&["reload"]).status.success());
    // Some kernels let an IPv4 address be bound that no interface has.
    let log = daemon.log();
    let warned = log.contains("WARN cannot listen on 127.0.0.1:6667: this host does not");
    assert!(warned || log.contains("listens on") && log.contains("127.0.0.1:6667"), "{log}");
}

#[test]
fn configured_listener_without_its_address_is_an_error() {
    if lacks_root("the test of a host without addresses") {
        return;
    }
    for table in ["[[listen]]", "[metrics]"] {
        let setup = Setup::new().without_addresses();
        let directory = setup.path().display();
        let text = format!("{table}\ntcp = \"[::1]:6667\"\n[admin]\nsocket = \"{directory}/admin.sock\"\n");
        std::fs::write(setup.configuration(), text).expect("the configuration can be written");
        let output = setup.run_to_end();
        let said = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{table}: {said}");
        assert!(
            said.contains("ip link set lo up") && !said.contains("stop what is using it"),
            "{table}: {said}"
        );
    }
}
