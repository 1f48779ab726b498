//! Streams of events.

use std::time::Duration;

use chat_proto::admin::{Event, EventKind};
use serde_json::json;

use super::super::{Backend, Limits};
use super::fake::{Client, Fake, Running, start};

async fn watch(running: &Running) -> Client {
    let mut client = Client::connect(running).await;
    let first = client.call(r#"{"method":"org.chatd.Admin.Watch","more":true}"#).await;
    assert_eq!(first, json!({"parameters": {}, "continues": true}));
    client
}

fn event(at: u64) -> Event {
    Event { user: Some("bob".into()), ..Event::new(at, EventKind::Connected) }
}

#[tokio::test]
async fn a_watcher_sees_what_happens_and_what_administrators_do() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut watcher = watch(&running).await;
    running.fake.events().send(event(7)).expect("a watcher");
    let expected = json!({"event": {"at": 7, "kind": "connected", "user": "bob"}});
    assert_eq!(watcher.reply().await, json!({"parameters": expected, "continues": true}));
    let mut client = Client::connect(&running).await;
    client.call(r#"{"method":"org.chatd.Admin.Kick","parameters":{"name":"x"}}"#).await;
    let seen = watcher.reply().await["parameters"]["event"].clone();
    assert_eq!(seen["kind"], "admin");
    assert_eq!(seen["method"], "org.chatd.Admin.Kick");
    assert_eq!(seen["outcome"], "org.chatd.Admin.NoSuchUser");
    assert_eq!(seen["uid"], nix::unistd::geteuid().as_raw());
}

#[tokio::test]
async fn silence_is_filled_with_heartbeats() {
    let limits = Limits { heartbeat: Duration::from_millis(10), ..Limits::default() };
    let running = start(Fake::with_users(0), limits);
    let mut watcher = watch(&running).await;
    for _ in 0..3 {
        assert_eq!(watcher.reply().await, json!({"parameters": {}, "continues": true}));
    }
}

#[tokio::test]
async fn who_reads_too_slowly_is_told_how_many_events_are_lost() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut watcher = watch(&running).await;
    // The server's task gets no turn in between, so all but the last four are gone.
    for at in 0..10 {
        running.fake.events().send(event(at)).expect("a watcher");
    }
    assert_eq!(watcher.reply().await["parameters"], json!({"lost": 6}));
    assert_eq!(watcher.reply().await["parameters"]["event"]["at"], 6);
}

#[tokio::test]
async fn a_watcher_who_leaves_is_forgotten() {
    let running = start(Fake::with_users(0), Limits::default());
    let watcher = watch(&running).await;
    assert_eq!(running.fake.events().receiver_count(), 1);
    drop(watcher);
    while running.fake.events().receiver_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn at_the_end_a_watch_shows_what_is_left_and_ends_in_order() {
    let running = start(Fake::with_users(0), Limits::default());
    let mut watcher = watch(&running).await;
    running.fake.events().send(Event::new(9, EventKind::Stopping)).expect("a watcher");
    running.stopping.cancel();
    assert_eq!(watcher.reply().await["parameters"]["event"]["kind"], "stopping");
    assert_eq!(watcher.reply().await, json!({"parameters": {}}));
    assert!(watcher.read().await.is_none());
}
