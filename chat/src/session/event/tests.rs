//! The objects of `--json` are those of `chat/schema.json`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::session::login::Lock;
use crate::session::talk::Deed;

/// The name of its object. Whatever is new here has a sample below, and its place in the schema.
fn name(what: &What) -> &'static str {
    match what {
        What::Welcome { .. } => "welcome",
        What::Closed { .. } => "closed",
        What::Locked(_) => "locked",
        What::LoggedIn { .. } => "logged-in",
        What::Registered { .. } => "registered",
        What::PasswordSet { .. } => "password-set",
        What::Info { .. } => "info",
        What::Announcement { .. } => "announcement",
        What::Said { .. } => "said",
        What::Removed { .. } => "removed",
        What::Unread(_) => "unread",
        What::CaughtUp { .. } => "caught-up",
        What::History { .. } => "history",
        What::Found { .. } => "found",
        What::Refused { .. } => "refused",
        What::Unsure { .. } => "unsure",
        What::Joined { .. } => "joined",
        What::Left { .. } => "left",
        What::Kicked { .. } => "kicked",
        What::Gone { .. } => "gone",
        What::Renamed { .. } => "renamed",
        What::Topic { .. } => "topic",
        What::Invited { .. } => "invited",
        What::Away { .. } => "away",
        What::Talk(_) => "talk",
        What::Names { .. } => "names",
        What::Users { .. } => "users",
        What::Person(_) => "person",
        What::Channels { .. } => "channels",
    }
}

fn s(text: &str) -> String {
    text.to_owned()
}

fn time() -> Option<Timestamp> {
    Some("2026-11-30T14:05:00Z".parse().unwrap())
}

fn said() -> Event {
    let what = What::Said { from: s("bob"), to: s("#c"), own: false, how: How::Action, text: s("hi\nthere") };
    Event { at: time(), id: Some(s("x-1")), past: true, what }
}

fn busy() -> Presence {
    Presence {
        status: Status::Busy,
        text: Some(s("lunch")),
        with: Some(s("anna")),
        since: time(),
        told: true,
    }
}

fn unread() -> Unread {
    Unread { place: s("#c"), count: 3, naming: 1, more: false, since: time() }
}

fn lines() -> [What; 14] {
    [
        said().what,
        What::Announcement { from: s("root"), to: s("*"), text: s("reboot") },
        What::Removed { by: s("root"), from: Some(s("bob")), to: s("#c"), reason: Some(s("spam")) },
        What::Unread(unread()),
        What::CaughtUp { places: vec![unread()] },
        What::History { place: s("#c"), lines: vec![said()], whole: true },
        What::Found { words: s("hi"), lines: vec![said()], more: false },
        What::Unsure { to: s("bob"), text: s("hi") },
        What::Refused { number: Some(404), subject: s("#c"), reason: s("no"), unsaid: Some(s("hi")) },
        What::Info { text: s("hi") },
        What::Closed { reason: s("bye"), last: true },
        What::LoggedIn { account: s("bob") },
        What::Registered { account: s("bob") },
        What::PasswordSet { account: s("bob") },
    ]
}

fn people() -> [What; 15] {
    let (name, channel, reason) = (s("bob"), s("#c"), s("bye"));
    let user = User { name: s("bob"), account: Some(s("bob")), away: true, bot: false, presence: busy() };
    let person = Person {
        name: s("bob"),
        account: Some(s("bob")),
        presence: Some(busy()),
        idle: Some(3),
        connected: time(),
        channels: vec![s("#c")],
        left: Some(s("today")),
        ..Person::default()
    };
    let locked = Locked {
        name: s("bob"),
        why: Lock::Account,
        reason: s("log in"),
        wait: Some(3),
        registers: false,
        email_required: false,
    };
    let talk = Talk {
        deed: Deed::Decline,
        by: s("bob"),
        with: s("bob"),
        own: false,
        here: true,
        reason: Some(s("busy")),
    };
    [
        What::Welcome { name: s("bob"), lobby: Some(s("#lobby")), again: false },
        What::Locked(locked),
        What::Joined { name: name.clone(), channel: channel.clone(), own: true },
        What::Left { name: name.clone(), channel: channel.clone(), own: true, reason: reason.clone() },
        What::Kicked {
            name: name.clone(),
            channel: channel.clone(),
            own: true,
            by: s("op"),
            reason: s("no"),
        },
        What::Gone { name: name.clone(), reason },
        What::Renamed { from: s("bob"), to: s("rob"), own: false },
        What::Topic { channel: channel.clone(), text: s("soup"), by: Some(s("bob")) },
        What::Invited { by: s("bob"), name: s("anna"), channel: channel.clone() },
        What::Away { name, own: false, presence: busy(), quiet: true },
        What::Talk(talk),
        What::Names { channel: channel.clone(), names: vec![s("bob")], asked: true },
        What::Users { users: vec![user] },
        What::Person(person),
        What::Channels { channels: vec![Channel { name: channel, users: 3, topic: s("soup") }] },
    ]
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schema.json")).unwrap()
}

/// The schema of today: without what may come, or with all that may be left out.
fn strict(schema: &Value, whole: bool) -> Value {
    match schema {
        Value::Object(object) => {
            let mut now: serde_json::Map<String, Value> =
                object.iter().map(|(key, value)| (key.clone(), strict(value, whole))).collect();
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                now.insert(s("additionalProperties"), json!(false));
                if whole {
                    let keys: Vec<_> =
                        properties.keys().filter(|key| !matches!(&***key, "at" | "id" | "past")).collect();
                    now.insert(s("required"), json!(keys));
                }
            }
            if let Some(words) = object.get("examples") {
                now.insert(s("enum"), words.clone());
            }
            now.into()
        }
        Value::Array(items) => items.iter().map(|item| strict(item, whole)).collect(),
        plain => plain.clone(),
    }
}

fn assert_valid(event: &str, object: &Value, whole: bool) {
    let mut schema = strict(&schema(), whole);
    schema["$ref"] = json!(format!("#/$defs/{event}"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(object).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "chat/schema.json, {event}: {errors:?} in {object}");
}

#[test]
fn every_event_has_the_keys_of_the_schema_and_no_others() {
    for what in lines().into_iter().chain(people()) {
        let event = name(&what);
        let object = serde_json::to_value(Event { at: time(), ..Event::bare(what) }).unwrap();
        assert_eq!(object["event"], event);
        assert_valid(event, &object, true);
    }
    assert_valid("said", &serde_json::to_value(said()).unwrap(), true);
}

#[test]
fn what_has_no_value_is_left_out() {
    let user = User { name: s("bob"), account: None, away: false, bot: false, presence: Presence::default() };
    assert_valid("user", &serde_json::to_value(&user).unwrap(), false);
    for what in [
        What::Welcome { name: s("bob"), lobby: None, again: false },
        What::Removed { by: s("root"), from: None, to: s("#c"), reason: None },
        What::Refused { number: None, subject: s(""), reason: s("no"), unsaid: None },
        What::Topic { channel: s("#c"), text: s(""), by: None },
        What::Person(Person { name: s("bob"), ..Person::default() }),
        What::Unread(Unread { since: None, ..unread() }),
    ] {
        let event = name(&what);
        let object = serde_json::to_value(Event::bare(what)).unwrap();
        assert!(!object.to_string().contains("null"), "{object}");
        assert_valid(event, &object, false);
    }
}

#[test]
fn the_schema_lists_all_that_chat_prints() {
    let schema = schema();
    let listed: BTreeSet<_> = schema["$defs"]["chat"]["anyOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| s(object["$ref"].as_str().unwrap()))
        .collect();
    // Those are said by the program, not by the session.
    let own = ["remark", "complaint"];
    let events = lines().into_iter().chain(people()).map(|what| name(&what)).collect::<Vec<_>>();
    let all: BTreeSet<_> = events.into_iter().chain(own).map(|name| format!("#/$defs/{name}")).collect();
    assert_eq!(listed, all);
}

#[test]
fn times_have_milliseconds_and_sort_as_text() {
    for (at, text) in
        [("2026-11-30T14:05:00Z", "14:05:00.000Z"), ("2026-11-30T14:05:00.19Z", "14:05:00.190Z")]
    {
        let event = Event { at: Some(at.parse().unwrap()), ..said() };
        assert_eq!(serde_json::to_value(event).unwrap()["at"], format!("2026-11-30T{text}"));
    }
}

/// A row of a table of the page for scripts.
fn row(name: &str) -> &'static str {
    let page = include_str!("../../../../docs/scripts.md");
    let row = page.lines().find(|line| line.starts_with(&format!("| {name} |")));
    row.unwrap_or_else(|| panic!("docs/scripts.md doesn't tell of {name}"))
}

#[test]
fn the_page_for_scripts_tells_of_every_key() {
    let schema = schema();
    for (name, object) in schema["$defs"].as_object().unwrap() {
        let Some(properties) = object["properties"].as_object() else { continue };
        let is_event = properties.contains_key("event");
        let row = if is_event { row(&format!("`{name}`")) } else { row(name) };
        for key in properties.keys().filter(|key| !matches!(&***key, "event" | "at" | "id" | "past")) {
            let is_required = object["required"].as_array().unwrap().contains(&json!(key));
            let told = if is_required { format!("`{key}` ") } else { format!("`{key}`? ") };
            assert!(row.contains(&told), "docs/scripts.md, {name}: {told}");
        }
    }
}
