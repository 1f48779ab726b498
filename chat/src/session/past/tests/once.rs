//! What is said over a broken connection is said once.

use super::*;

fn id_in(line: &str) -> String {
    let (_, rest) = line.split_once("chatd.org/client-id=").unwrap();
    rest.split([' ', ';']).next().unwrap().to_owned()
}

fn echo(scene: &mut Scene, label: &str, id: &str, msgid: &str, text: &str) {
    let tags = format!("label={label};chatd.org/client-id={id};msgid={msgid};time={}", at("10:05"));
    scene.hear(&format!("@{tags} :alice!alice@host PRIVMSG #lobby :{text}"));
}

/// Says two lines, breaks the connection after `echoes` of them were answered and comes back.
fn broken(echoes: usize) -> (Scene, [String; 2]) {
    let mut scene = settled();
    scene.say("one");
    scene.say("two");
    let ids: Vec<_> = scene.sent().iter().map(|line| id_in(line)).collect();
    for (index, text) in ["one", "two"].iter().enumerate().take(echoes) {
        echo(&mut scene, &format!("say{}", index + 1), &ids[index], &format!("m{index}"), text);
    }
    scene.session.lost();
    scene.come("10:30", "*");
    (scene, ids.try_into().unwrap())
}

#[test]
fn what_was_not_answered_is_sent_again_under_its_id_once_it_is_not_in_the_history() {
    for echoes in 0..=2 {
        let (mut scene, ids) = broken(echoes);
        assert!(scene.sent().iter().all(|line| !line.contains("PRIVMSG")));
        scene.answer("past3", "#lobby", &[]);
        scene.nothing_in_private("past4");
        let again: Vec<_> = scene.sent().iter().map(|line| id_in(line)).collect();
        assert_eq!(again, ids[echoes..]);
        for (index, text) in ["one", "two"].iter().enumerate().skip(echoes) {
            echo(&mut scene, &format!("say{}", index + 1), &ids[index], &format!("m{index}"), text);
        }
        assert_eq!(scene.shown(), ["alice: one", "alice: two"]);
        assert!(scene.session.is_settled());
    }
}

#[test]
fn what_the_history_has_is_not_sent_again() {
    let (mut scene, ids) = broken(0);
    scene.sent();
    scene.nothing_in_private("past4");
    scene.hear("@label=past3 :s BATCH +b chathistory #lobby");
    let tags = format!("batch=b;msgid=m0;chatd.org/client-id={};time={}", ids[0], at("10:05"));
    scene.hear(&format!("@{tags} :alice!alice@host PRIVMSG #lobby :one"));
    scene.hear(":s BATCH -b");
    assert_eq!(scene.sent().iter().map(|line| id_in(line)).collect::<Vec<_>>(), ids[1..]);
    echo(&mut scene, "say2", &ids[1], "m1", "two");
    assert_eq!(scene.shown(), ["alice: one", "alice: two"]);
}

#[test]
fn a_repeat_that_was_shown_from_the_history_is_answered_and_not_shown_again() {
    let (mut scene, ids) = broken(0);
    scene.nothing_in_private("past4");
    scene.answer("past3", "#lobby", &["10:05 m0 alice one"]);
    echo(&mut scene, "say1", &ids[0], "m0", "one");
    echo(&mut scene, "say2", &ids[1], "m1", "two");
    assert_eq!(scene.shown(), ["alice: one", "alice: two"]);
    assert!(scene.session.is_settled());
}

#[test]
fn what_the_server_may_have_forgotten_is_reported_instead_of_said_twice() {
    let (mut scene, _) = broken(1);
    scene.session.lost();
    scene.session.outgoing();
    scene.session.broke = Some("2026-11-20T17:03:00Z".parse().unwrap());
    scene.come("10:40", "*");
    scene.answer("past5", "#lobby", &[]);
    scene.nothing_in_private("past6");
    assert_eq!(scene.shown(), ["alice: one", "unsure: two"]);
}

#[test]
fn a_server_without_ids_is_not_sent_anything_again() {
    let mut scene = Scene::with("*", "");
    scene.answer("past1", "#lobby", &[]);
    scene.nothing_in_private("past2");
    scene.say("one");
    assert!(scene.sent().iter().all(|line| !line.contains("client-id")));
    scene.session.lost();
    assert_eq!(scene.shown(), ["unsure: one"]);
}
