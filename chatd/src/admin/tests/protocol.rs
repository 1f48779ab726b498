//! Calls and replies as Varlink wants them.

use serde_json::json;

use super::super::Limits;
use super::fake::{Client, Fake, start};

#[tokio::test]
async fn a_call_gets_one_reply_without_continues() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut client = Client::connect(&running).await;
    let reply = client.call(r#"{"method":"org.chatd.Admin.Version"}"#).await;
    assert_eq!(reply, json!({"parameters": {"version": "1.2.3"}}));
    let reply = client.call(r#"{"method":"org.chatd.Admin.Kick","parameters":{"name":"bob"}}"#).await;
    let expected = json!({"name": "bob", "suggestion": "user0"});
    assert_eq!(reply, json!({"error": "org.chatd.Admin.NoSuchUser", "parameters": expected}));
}

#[tokio::test]
async fn calls_written_at_once_are_answered_in_order_and_errors_keep_the_connection_open() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut client = Client::connect(&running).await;
    client.send("no call").await;
    client.send(r#"{"method":"org.chatd.Admin.Fly"}"#).await;
    client.send(r#"{"method":"org.chatd.Admin.Show"}"#).await;
    client.send(r#"{"method":"org.chatd.Admin.CancelShutdown"}"#).await;
    client.send(r#"{"method":"org.chatd.Admin.Watch"}"#).await;
    client.send(r#"{"method":"org.chatd.Admin.Announce","parameters":{"text":"hi"}}"#).await;
    let mut errors = Vec::new();
    for _ in 0..5 {
        errors.push(client.reply().await["error"].as_str().expect("an error").to_owned());
    }
    assert_eq!(
        errors,
        [
            "org.varlink.service.InvalidParameter",
            "org.varlink.service.MethodNotFound",
            "org.varlink.service.InvalidParameter",
            "org.chatd.Admin.NothingScheduled",
            "org.varlink.service.ExpectedMore",
        ]
    );
    assert_eq!(client.reply().await, json!({"parameters": {"users": 3}}));
}

#[tokio::test]
async fn a_oneway_call_gets_no_reply() {
    let running = start(Fake::with_users(1), Limits::default());
    let mut client = Client::connect(&running).await;
    client.send(r#"{"method":"org.chatd.Admin.Status","oneway":true}"#).await;
    client.send(r#"{"method":"org.chatd.Admin.Nothing","oneway":true}"#).await;
    let reply = client.call(r#"{"method":"org.chatd.Admin.Version"}"#).await;
    assert_eq!(reply, json!({"parameters": {"version": "1.2.3"}}));
}

#[tokio::test]
async fn a_long_list_comes_in_several_replies_and_only_the_last_omits_continues() {
    let running = start(Fake::with_users(5_000), Limits::default());
    let mut client = Client::connect(&running).await;
    client.send(r#"{"method":"org.chatd.Admin.List","more":true}"#).await;
    let (mut names, mut replies) = (Vec::new(), 0);
    loop {
        let reply = client.reply().await;
        replies += 1;
        let users = reply["parameters"]["users"].as_array().expect("users");
        names.extend(users.iter().map(|user| user["nick"].as_str().expect("a nick").to_owned()));
        if reply.get("continues").is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..5_000).map(|number| format!("user{number}")).collect();
    assert_eq!(names, expected);
    assert!(replies > 1, "{replies}");
}

#[tokio::test]
async fn a_list_too_long_for_one_reply_asks_for_more() {
    let running = start(Fake::with_users(30_000), Limits::default());
    let mut client = Client::connect(&running).await;
    let reply = client.call(r#"{"method":"org.chatd.Admin.List"}"#).await;
    assert_eq!(reply["error"], "org.varlink.service.ExpectedMore");
}

#[tokio::test]
async fn an_empty_list_is_one_reply() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut client = Client::connect(&running).await;
    let reply = client.call(r#"{"method":"org.chatd.Admin.List","more":true}"#).await;
    assert_eq!(reply, json!({"parameters": {"users": []}}));
}

#[tokio::test]
async fn a_request_over_the_bound_ends_the_connection() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut client = Client::connect(&running).await;
    // The server may close before all of it is written.
    let _ = client.write(&vec![b'x'; 4 * 1024 * 1024]).await;
    assert!(client.read().await.is_none());
}

#[tokio::test]
async fn a_backup_comes_in_parts_and_ends_with_what_it_holds() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut client = Client::connect(&running).await;
    let refused = client.call(r#"{"method":"org.chatd.Admin.Backup"}"#).await;
    assert_eq!(refused["error"], "org.varlink.service.ExpectedMore");
    client.send(r#"{"method":"org.chatd.Admin.Backup","more":true}"#).await;
    let mut bytes = 0;
    let last = loop {
        let reply = client.reply().await;
        if reply["continues"] != true {
            break reply;
        }
        bytes += reply["parameters"]["data"].as_str().map_or(0, |data| data.len() / 4 * 3);
    };
    let held = last["parameters"]["summary"]["bytes"].as_u64().expect("a size");
    assert!(
        held > 0 && bytes.abs_diff(usize::try_from(held).expect("a size")) <= 2,
        "{last} after {bytes} bytes"
    );
    assert!(
        client.call(r#"{"method":"org.chatd.Admin.Version"}"#).await["parameters"]["version"].is_string()
    );
}

#[tokio::test]
async fn more_lines_than_may_be_imported_at_once_are_refused() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut client = Client::connect(&running).await;
    let lines = vec![r#"{"at":1,"from":"a","kind":"message","text":"b"}"#; 2001].join(",");
    let call = format!(
        r##"{{"method":"org.chatd.Admin.ImportHistory","parameters":{{"channel":"#a","lines":[{lines}]}},"more":true}}"##
    );
    assert_eq!(client.call(&call).await["error"], "org.chatd.Admin.CannotBeDone");
    let call = call.replace(&lines, r#"{"at":1,"from":"a","kind":"message","text":"b"}"#);
    assert_eq!(client.call(&call).await["continues"], true, "it is heard");
    assert_eq!(client.reply().await["error"], "org.chatd.Admin.NoSuchChannel");
}
