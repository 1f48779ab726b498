//! zlink, a Varlink implementation that is not ours, as client and as judge of the interface file.

use std::collections::BTreeSet;

use chat_proto::admin::{DEFINITION, Event, EventKind};
use serde_json::Value;
use zlink::futures_util::{Stream, StreamExt, pin_mut};
use zlink::idl::Interface;
use zlink::varlink_service::Proxy as _;
use zlink::{ReplyError, proxy};

use super::super::{Backend, Limits};
use super::fake::{Fake, Running, start};

type Answer = zlink::Result<Result<Value, AdminError>>;

#[proxy(interface = "org.chatd.Admin", rename_all_arguments = "camelCase")]
trait AdminProxy {
    async fn list(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    #[zlink(rename = "List", more)]
    async fn list_streamed(
        &mut self,
    ) -> zlink::Result<impl Stream<Item = zlink::Result<Result<Value, AdminError>>>>;
    async fn show(&mut self, name: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn channels(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn announce(&mut self, text: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn kick(&mut self, name: &str, reason: Option<&str>) -> zlink::Result<Result<Value, AdminError>>;
    async fn accounts(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn add_account(&mut self, name: &str, password: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn set_password(&mut self, name: &str, password: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn suspend_account(
        &mut self,
        name: &str,
        reason: Option<&str>,
    ) -> zlink::Result<Result<Value, AdminError>>;
    async fn resume_account(&mut self, name: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn remove_account(&mut self, name: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn bans(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn ban(
        &mut self,
        target: &str,
        duration_ms: Option<u64>,
        reason: Option<&str>,
    ) -> zlink::Result<Result<Value, AdminError>>;
    async fn unban(&mut self, target: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn redact(&mut self, id: &str, reason: Option<&str>) -> zlink::Result<Result<Value, AdminError>>;
    async fn shutdown(
        &mut self,
        after_ms: Option<u64>,
        reason: Option<&str>,
    ) -> zlink::Result<Result<Value, AdminError>>;
    async fn cancel_shutdown(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn status(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn reload(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn check(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    async fn set_log_level(&mut self, level: &str) -> zlink::Result<Result<Value, AdminError>>;
    async fn version(&mut self) -> zlink::Result<Result<Value, AdminError>>;
    #[zlink(more)]
    async fn watch(&mut self) -> zlink::Result<impl Stream<Item = zlink::Result<Result<Value, AdminError>>>>;
}

#[derive(Debug, PartialEq, ReplyError)]
#[zlink(interface = "org.chatd.Admin")]
enum AdminError {
    NoSuchUser { name: String, suggestion: Option<String> },
    InvalidText { reason: String },
    ConfigInvalid { message: String },
    AccountExists { name: String },
    InvalidPassword { reason: String },
    NoSuchBan { target: String },
    NoSuchMessage { id: String },
}

type Connection = zlink::tokio::unix::Connection;

async fn connect(running: &Running) -> Connection {
    zlink::tokio::unix::connect(&running.path).await.expect("a connection")
}

fn done(answer: Answer) -> Value {
    answer.expect("a reply").expect("success")
}

fn refused(answer: Answer) -> AdminError {
    answer.expect("a reply").expect_err("an error")
}

#[test]
fn both_interface_files_are_valid() {
    for (definition, methods, errors) in
        [(DEFINITION, 30, 20), (include_str!("../org.varlink.service.varlink"), 2, 6)]
    {
        let interface = Interface::try_from(definition).expect("a valid interface");
        assert_eq!(interface.methods().count(), methods);
        assert_eq!(interface.errors().count(), errors);
    }
}

/// systemd refuses an interface in which a type and a method have one name; zlink doesn't mind.
#[test]
fn no_name_is_defined_twice() {
    let mut names = BTreeSet::new();
    for line in DEFINITION.lines() {
        let mut words = line.split([' ', '(']);
        if let (Some("type" | "method" | "error"), Some(name)) = (words.next(), words.next()) {
            assert!(names.insert(name), "{name}");
        }
    }
    assert!(names.contains("Status") && names.contains("User"));
}

#[tokio::test]
async fn zlink_can_call_every_method() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut connection = connect(&running).await;
    assert_eq!(done(connection.list().await)["users"][0]["nick"], "user0");
    assert_eq!(done(connection.show("user0").await)["user"]["nick"], "user0");
    assert_eq!(done(connection.channels().await)["channels"][0]["name"], "#lobby");
    assert_eq!(done(connection.announce("hello").await)["users"], 3);
    assert_eq!(done(connection.accounts().await)["accounts"], serde_json::json!([]));
    assert_eq!(
        done(connection.add_account("nobody_has_this_login", "open sesame").await),
        serde_json::json!({})
    );
    assert_eq!(done(connection.set_password("anna", "open sesame").await), serde_json::json!({}));
    assert_eq!(done(connection.suspend_account("anna", Some("why")).await)["sessions"], 2);
    assert_eq!(done(connection.resume_account("anna").await), serde_json::json!({}));
    assert_eq!(done(connection.remove_account("anna").await)["sessions"], 2);
    assert_eq!(done(connection.ban("192.0.2.0/24", Some(1000), None).await)["sessions"], 2);
    assert_eq!(done(connection.bans().await)["bans"][0]["target"], "192.0.2.0/24");
    assert_eq!(done(connection.shutdown(Some(1), Some("why")).await)["at"], 5);
    assert_eq!(done(connection.shutdown(None, None).await)["at"], 5);
    assert_eq!(done(connection.status().await)["status"]["users"], 3);
    assert_eq!(done(connection.reload().await)["restartNeeded"], serde_json::json!([]));
    assert_eq!(done(connection.set_log_level("debug").await)["previous"], "info");
    assert_eq!(done(connection.version().await)["version"], "1.2.3");
}

#[tokio::test]
async fn zlink_reads_the_errors() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut connection = connect(&running).await;
    let nobody = AdminError::NoSuchUser { name: "user7".into(), suggestion: Some("user0".into()) };
    assert_eq!(refused(connection.kick("user7", None).await), nobody);
    assert!(matches!(refused(connection.check().await), AdminError::ConfigInvalid { .. }));
    let exists = AdminError::AccountExists { name: "root".into() };
    assert_eq!(refused(connection.add_account("root", "open sesame").await), exists);
    let too_short = refused(connection.add_account("anna", "").await);
    assert!(matches!(too_short, AdminError::InvalidPassword { .. }), "{too_short:?}");
    let not_banned = AdminError::NoSuchBan { target: "bob".into() };
    assert_eq!(refused(connection.unban("bob").await), not_banned);
    for id in ["nonsense", "ml29f9c0-7k"] {
        assert_eq!(refused(connection.redact(id, None).await), AdminError::NoSuchMessage { id: id.into() });
    }
    let long = "x".repeat(100_000);
    assert!(matches!(refused(connection.announce(&long).await), AdminError::InvalidText { .. }));
    assert!(connection.set_log_level("loud").await.is_err());
}

#[tokio::test]
async fn zlink_reads_a_list_in_several_replies_and_a_watch_as_it_happens() {
    let running = start(Fake::with_users(5_000), Limits::default());
    let mut connection = connect(&running).await;
    {
        let replies = connection.list_streamed().await.expect("a stream");
        pin_mut!(replies);
        let mut users = 0;
        while let Some(reply) = replies.next().await {
            users += done(reply)["users"].as_array().expect("users").len();
        }
        assert_eq!(users, 5_000);
    }
    let replies = connection.watch().await.expect("a stream");
    pin_mut!(replies);
    assert_eq!(done(replies.next().await.expect("the first reply")), serde_json::json!({}));
    running.fake.events().send(Event::new(7, EventKind::Reloaded)).expect("a watcher");
    assert_eq!(done(replies.next().await.expect("an event"))["event"]["kind"], "reloaded");
}

#[tokio::test]
async fn zlink_can_introspect() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut connection = connect(&running).await;
    let info = connection.get_info().await.expect("a reply").expect("success");
    assert_eq!(info.interfaces, ["org.varlink.service", "org.chatd.Admin"]);
    let name = "org.chatd.Admin".try_into().expect("a valid name");
    let description = connection.get_interface_description(name).await.expect("a reply").expect("success");
    assert_eq!(description.parse().expect("a valid interface").name(), "org.chatd.Admin");
}
