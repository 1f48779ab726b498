//! Bounds in number and time, and the end.

use std::time::Duration;

use serde_json::json;

use super::super::Limits;
use super::fake::{Client, Fake, start};

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_a_place_that_becomes_free_is_given_out() {
    let running = start(Fake::with_users(0), Limits { connections: 1, ..Limits::default() });
    let mut first = Client::connect(&running).await;
    first.call(r#"{"method":"org.chatd.Admin.Version"}"#).await;
    let mut second = Client::connect(&running).await;
    let expected = json!({"error": "org.chatd.Admin.TooManyConnections", "parameters": {"limit": 1}});
    assert_eq!(second.read().await.map(|(_, reply)| reply), Some(expected));
    assert!(second.read().await.is_none());
    drop(first);
    loop {
        let mut third = Client::connect(&running).await;
        third.write(b"{\"method\":\"org.chatd.Admin.Version\"}\0").await.unwrap_or_default();
        if third.reply().await.get("parameters").is_some_and(|found| found.get("version").is_some()) {
            break;
        }
    }
}

#[tokio::test]
async fn who_does_not_read_is_given_up() {
    let hour = Duration::from_secs(3600);
    let limits = Limits { write: Duration::from_millis(50), stop: hour, ..Limits::default() };
    let running = start(Fake::with_users(50_000), limits);
    let mut client = Client::connect(&running).await;
    client.send(r#"{"method":"org.chatd.Admin.List","more":true}"#).await;
    running.stopping.cancel();
    // The list doesn't fit into the socket, nobody reads it, and yet the connection ends.
    running.server.await.expect("the server ends");
}

#[tokio::test]
async fn stopping_closes_idle_connections_and_ends_the_server() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut client = Client::connect(&running).await;
    client.call(r#"{"method":"org.chatd.Admin.Version"}"#).await;
    running.stopping.cancel();
    let reply = client.call(r#"{"method":"org.chatd.Admin.Version"}"#).await;
    assert!(reply.get("parameters").is_some(), "a call on its way is still answered: {reply}");
    assert!(client.read().await.is_none());
    running.server.await.expect("the server ends");
}
