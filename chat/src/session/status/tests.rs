//! What is known of others, and what of it is worth a line.

use chat_proto::message::Message;

use super::*;
use crate::session::What;
use crate::session::tests::Scene;

const SINCE: &str = "chatd.org/since=2026-11-21T19:00:00.000Z";

/// The names and statuses of the lines that are worth to be seen.
fn lines(scene: &mut Scene) -> Vec<(String, Status)> {
    let line = |what| match what {
        What::Away { name, presence, quiet: false, .. } => Some((name, presence.status)),
        _ => None,
    };
    scene.whats().into_iter().filter_map(line).collect()
}

fn hear(scene: &mut Scene, name: &str, status: &str, text: &str) -> Vec<(String, Status)> {
    scene.hear(&format!("@chatd.org/presence={status};{SINCE} :{name}!x@h AWAY{text}"));
    lines(scene)
}

#[test]
fn presence_is_in_the_tags_or_else_in_the_away_text() {
    let of = |line: &str, text: Option<&str>| Presence::of(&Message::parse(line).unwrap(), text);
    let busy = of(&format!("@chatd.org/presence=busy;{SINCE};chatd.org/with=carol :bob AWAY :x"), Some("x"));
    assert_eq!((busy.status, busy.with.as_deref(), busy.text), (Status::Busy, Some("carol"), None));
    assert_eq!(busy.since, "2026-11-21T19:00:00Z".parse().ok());
    let row = of("@chatd.org/presence=away;chatd.org/text=at\\slunch :s 354 x", Some(""));
    assert_eq!((row.status, row.text.as_deref()), (Status::Away, Some("at lunch")));
    assert_eq!(of("@chatd.org/presence=juggling :bob AWAY :x", Some("x")).status, Status::Away);
    assert_eq!(of(":bob AWAY :lunch", Some("lunch")).text.as_deref(), Some("lunch"));
    assert_eq!(of(":bob AWAY", None), Presence::default());
}

#[test]
fn who_only_stopped_typing_is_no_news() {
    let mut scene = Scene::ready();
    assert!(hear(&mut scene, "bob", "idle", " :idle").is_empty());
    assert!(hear(&mut scene, "bob", "available", "").is_empty());
    assert!(hear(&mut scene, "carol", "available", "").is_empty(), "whom we haven't seen idle");
    assert_eq!(hear(&mut scene, "bob", "away", " :lunch"), [("bob".to_owned(), Status::Away)]);
    assert_eq!(hear(&mut scene, "bob", "available", ""), [("bob".to_owned(), Status::Available)]);
    assert!(hear(&mut scene, "alice", "idle", " :idle").is_empty(), "ourselves");
    scene.session.lost();
    scene.session.open();
    scene.hear(":s 001 alice :Welcome");
    assert!(!scene.sent().iter().any(|line| line.starts_with("AWAY")));
}

#[test]
fn that_two_talk_is_told_once_and_to_those_who_have_to_do_with_one_of_them() {
    let mut scene = Scene::ready();
    let busy = |with: &str| format!("busy;chatd.org/with={with}");
    assert!(hear(&mut scene, "bob", &busy("carol"), " :x").is_empty());
    assert!(hear(&mut scene, "bob", "available", "").is_empty());
    scene.hear(":bob!b@h PRIVMSG alice :hi");
    scene.whats();
    assert_eq!(hear(&mut scene, "bob", &busy("carol"), " :x"), [("bob".to_owned(), Status::Busy)]);
    assert!(hear(&mut scene, "carol", &busy("bob"), " :x").is_empty());
    assert_eq!(hear(&mut scene, "bob", "available", "").len(), 1);
    assert!(hear(&mut scene, "carol", "available", "").is_empty());
    assert_eq!(hear(&mut scene, "dan", &busy("bob"), " :x").len(), 1);
    hear(&mut scene, "bob", &busy("dan"), " :x");
    assert!(hear(&mut scene, "bob", "away", " :as before").is_empty());
    assert!(hear(&mut scene, "bob", "available", "").len() == 1);
    assert!(hear(&mut scene, "bob", &busy("alice"), " :x").is_empty(), "we know that ourselves");
    assert!(hear(&mut scene, "bob", "available", "").is_empty());
    scene.hear(":alice!a@h TALK REQUEST bob");
    assert!(hear(&mut scene, "bob", &busy("eve"), " :x").is_empty(), "the answer will tell it");
}

#[test]
fn who_writes_to_somebody_away_is_told_once_until_it_changes() {
    let mut scene = Scene::ready();
    let write = |scene: &mut Scene, text: &str| {
        scene.hear(&format!(":s 301 alice bob :{text}"));
        lines(scene).len()
    };
    assert_eq!([write(&mut scene, "lunch"), write(&mut scene, "lunch")], [1, 0]);
    assert_eq!([write(&mut scene, "dinner"), write(&mut scene, "dinner")], [1, 0]);
    scene.hear(":bob!b@h AWAY");
    scene.whats();
    assert_eq!(write(&mut scene, "dinner"), 1);
}
