//! Against played daemons, good ones and bad ones.

use std::path::Path;

use chat_proto::admin::{self, List, Show, StatusRequest, Version, Watch};

use super::*;
use crate::interrupt::Interrupt;
use crate::testing::Played;

/// Not for ever, so that a daemon which says nothing more fails the test.
fn connector(path: &Path) -> Connector {
    Connector::new(path.to_owned()).hurried(Duration::from_secs(20))
}

fn impatient(path: &Path) -> Connector {
    Connector::new(path.to_owned()).hurried(Duration::from_millis(50))
}

#[test]
fn a_daemon_that_does_not_answer_is_an_error() {
    let played = Played::silent();
    let failure = impatient(&played.path()).call(&Version {}).expect_err("no answer");
    assert!(matches!(failure, Failure::Silent { .. }), "{failure}");
}

#[test]
fn a_reason_given_without_reading_the_call_counts() {
    let denied = r#"{"error":"org.chatd.Admin.PermissionDenied","parameters":{"group":"ops"}}"#;
    let played = Played::hanging_up(denied);
    let failure = connector(&played.path()).call(&Version {}).expect_err("a refusal");
    assert!(failure.to_string().contains("no group ops"), "{failure}");
}

#[test]
fn a_stream_ends_with_the_reply_that_does_not_continue() {
    let played = Played::answering(&[
        r#"{"parameters":{"users":[]},"continues":true}"#,
        r#"{"parameters":{"users":[],"new-field":1}}"#,
    ]);
    let mut replies = 0;
    connector(&played.path())
        .stream(&List {}, |_| {
            replies += 1;
            Ok(ControlFlow::Continue(()))
        })
        .expect("a list");
    assert_eq!(replies, 2);
}

#[test]
fn errors_known_and_unknown_are_told_apart() {
    let call = |reply: &str| {
        let played = Played::answering(&[reply]);
        connector(&played.path()).call(&Watch {}).expect_err("an error")
    };
    assert!(matches!(
        call(r#"{"error":"org.chatd.Admin.NothingScheduled"}"#),
        Failure::Admin(admin::Error::NothingScheduled {})
    ));
    assert!(matches!(
        call(r#"{"error":"org.varlink.service.ExpectedMore","parameters":{}}"#),
        Failure::Service(ServiceError::ExpectedMore {})
    ));
    assert!(matches!(call(r#"{"error":"org.chatd.Admin.New","parameters":{}}"#), Failure::Unknown { .. }));
    assert!(matches!(call("what?"), Failure::Foreign { .. }));
}

#[test]
fn an_absent_socket_and_an_abandoned_one_are_told_apart() {
    let played = Played::silent();
    let path = played.path();
    assert!(matches!(impatient(&path.with_extension("x")).connect(), Err(Failure::NoSocket(_))));
    let directory = played.leave();
    assert!(matches!(impatient(&path).connect(), Err(Failure::NobodyListens(_))));
    drop(directory);
}

#[test]
fn what_is_no_socket_is_said_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("admin.sock");
    std::fs::write(&file, "").expect("a file");
    for path in [directory.path(), &file] {
        let failure = connector(path).connect().expect_err("no socket");
        assert!(matches!(failure, Failure::NotASocket(_)), "{failure}");
    }
}

#[test]
fn what_does_not_speak_varlink_is_found_out() {
    for said in ["HTTP/1.1 400 Bad Request\r\n\r\n", "no NUL", "\0", "[]\0", "7\0", "{\"parameters\":3}\0"] {
        let played = Played::saying_over_and_over(said, 1);
        let failure = connector(&played.path()).call(&Version {}).expect_err("no reply");
        assert!(matches!(failure, Failure::Foreign { .. }), "{said:?}: {failure}");
    }
    let played = Played::saying_over_and_over("", 1);
    let failure = connector(&played.path()).call(&Version {}).expect_err("no reply");
    assert!(matches!(failure, Failure::Closed), "{failure}");
}

#[test]
fn a_reply_or_a_list_without_an_end_is_given_up() {
    let blank = " ".repeat(1024 * 1024);
    let played = Played::saying_over_and_over(&blank, usize::MAX);
    let failure = connector(&played.path()).call(&Version {}).expect_err("no reply");
    assert!(failure.to_string().contains("no end"), "{failure}");
    let reply = format!("{{\"parameters\":{{\"users\":[],\"new\":\"{blank}\"}},\"continues\":true}}\0");
    let played = Played::saying_over_and_over(&reply, usize::MAX);
    let failure = connector(&played.path()).list(&List {}, |reply| reply.users).expect_err("no list");
    assert!(failure.to_string().contains("no end"), "{failure}");
}

#[test]
fn ctrl_c_ends_a_stream_that_never_pauses() {
    let heartbeat = "{\"parameters\":{},\"continues\":true}\0".repeat(1000);
    let played = Played::saying_over_and_over(&heartbeat, usize::MAX);
    let interrupt = Rc::new(Interrupt::on_ctrl_c().expect("a signal handler"));
    let connector = connector(&played.path()).with_interrupt(interrupt);
    let watched = connector.stream(&Watch {}, |_| {
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGINT).expect("a signal");
        Ok(ControlFlow::Continue(()))
    });
    assert!(matches!(watched, Err(Failure::Interrupted)), "{watched:?}");
}

#[test]
fn an_older_daemon_is_told_by_its_version() {
    let unknown =
        r#"{"error":"org.varlink.service.MethodNotFound","parameters":{"method":"org.chatd.Admin.Show"}}"#;
    let version = r#"{"parameters":{"version":"0.0.1"}}"#;
    let played = Played::answering_each(&[unknown, version]);
    let failure = connector(&played.path()).call(&Show { name: "x".into() }).expect_err("an old daemon");
    let said = failure.to_string();
    assert!(said.contains("no method org.chatd.Admin.Show; chatd is version 0.0.1"), "{said}");
    let played = Played::answering_each(&[r#"{"parameters":{"status":{}}}"#, version]);
    let failure = connector(&played.path()).call(&StatusRequest {}).expect_err("an old daemon");
    assert!(failure.to_string().contains("chatd is version 0.0.1"), "{failure}");
}

#[test]
fn a_newer_daemon_is_understood_as_far_as_we_know_it() {
    let user = r#"{"nick":"bob","guest":true,"status":"asleep","realname":"","modes":"","channels":[],
        "connectedAt":0,"lastActiveAt":0,"mood":"good",
        "sessions":[{"from":{"kind":"carrierPigeon","ring":7},"connectedAt":0,"lastActiveAt":0,"capabilities":[]}]}"#;
    let played =
        Played::answering(&[&format!(r#"{{"parameters":{{"users":[{user}],"next":1}},"since":2}}"#)]);
    let users = connector(&played.path()).list(&List {}, |reply| reply.users).expect("a list");
    assert_eq!(users[0].status, admin::UserStatus::Other);
    assert_eq!(users[0].sessions[0].from, admin::Peer::Other);
}

/// The recorded outputs are what chatd replied when they were recorded, field by field.
#[test]
fn what_an_older_chatd_replied_is_still_read() {
    fn read<T: DeserializeOwned>(recorded: &str) {
        for line in recorded.lines() {
            serde_json::from_str::<T>(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        }
    }
    read::<admin::User>(include_str!("../../golden/list.jsonl"));
    read::<admin::Channel>(include_str!("../../golden/channels.jsonl"));
    read::<admin::Account>(include_str!("../../golden/account-list.jsonl"));
    read::<admin::Ban>(include_str!("../../golden/bans.jsonl"));
    read::<admin::PutOut>(include_str!("../../golden/ban.jsonl"));
    read::<admin::Status>(include_str!("../../golden/status.jsonl"));
    read::<admin::Event>(include_str!("../../golden/watch.jsonl"));
    read::<admin::Announced>(include_str!("../../golden/announce.jsonl"));
    read::<admin::Kicked>(include_str!("../../golden/kick.jsonl"));
    read::<admin::ShutdownScheduled>(include_str!("../../golden/shutdown.jsonl"));
    read::<admin::Reloaded>(include_str!("../../golden/reload.jsonl"));
    read::<admin::Checked>(include_str!("../../golden/check.jsonl"));
    read::<admin::LogLevelSet>(include_str!("../../golden/log.jsonl"));
    read::<admin::VersionReply>(include_str!("../../golden/call.jsonl"));
}
