//! zlink, a Varlink implementation that is not ours, as client and as judge of the interface file.

use chat_proto::admin::DEFINITION;
use serde::{Deserialize, Serialize};
use zlink::idl::Interface;
use zlink::varlink_service::Proxy as _;
use zlink::{ReplyError, proxy};

use super::super::Limits;
use super::fake::{Fake, start};

#[proxy("org.chatd.Admin")]
trait AdminProxy {
    async fn announce(&mut self, text: &str) -> zlink::Result<Result<Announced, AdminError>>;
    async fn kick(&mut self, name: &str, reason: Option<&str>) -> zlink::Result<Result<Kicked, AdminError>>;
}

#[derive(Debug, Serialize, Deserialize)]
struct Announced {
    users: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kicked {
    sessions: i64,
}

#[derive(Debug, PartialEq, ReplyError)]
#[zlink(interface = "org.chatd.Admin")]
enum AdminError {
    NoSuchUser { name: String, suggestion: Option<String> },
    InvalidText { reason: String },
}

#[test]
fn both_interface_files_are_valid() {
    for (definition, methods, errors) in
        [(DEFINITION, 13, 10), (include_str!("../org.varlink.service.varlink"), 2, 6)]
    {
        let interface = Interface::try_from(definition).expect("a valid interface");
        assert_eq!(interface.methods().count(), methods);
        assert_eq!(interface.errors().count(), errors);
    }
}

#[tokio::test]
async fn zlink_can_call_the_methods_and_reads_the_errors() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut connection = zlink::tokio::unix::connect(&running.path).await.expect("a connection");
    let announced = connection.announce("hello").await.expect("a reply").expect("success");
    assert_eq!(announced.users, 3);
    let refused = connection.kick("user7", None).await.expect("a reply").expect_err("an error");
    assert_eq!(refused, AdminError::NoSuchUser { name: "user7".into(), suggestion: Some("user0".into()) });
}

#[tokio::test]
async fn zlink_can_introspect() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut connection = zlink::tokio::unix::connect(&running.path).await.expect("a connection");
    let info = connection.get_info().await.expect("a reply").expect("success");
    assert_eq!(info.interfaces, ["org.varlink.service", "org.chatd.Admin"]);
    let name = "org.chatd.Admin".try_into().expect("a valid name");
    let description = connection.get_interface_description(name).await.expect("a reply").expect("success");
    assert_eq!(description.parse().expect("a valid interface").name(), "org.chatd.Admin");
}
