//! What a server says of conversations, and what we ask of it.

use super::*;
use crate::session::tests::Scene;

fn scene() -> Scene {
    let mut scene = Scene::ready();
    scene.hear(":s CAP alice NEW :chatd.org/talk=60");
    scene.hear(":s CAP alice ACK :chatd.org/talk");
    scene.whats();
    scene
}

fn talks(scene: &mut Scene) -> Vec<(Deed, String, bool, bool)> {
    let talk = |what| match what {
        What::Talk(Talk { deed, with, own, here, .. }) => (deed, with, own, here),
        other => panic!("{other:?}"),
    };
    scene.whats().into_iter().map(talk).collect()
}

#[test]
fn every_wish_is_a_line() {
    let mut scene = scene();
    assert!(scene.session.has_talk());
    scene.session.ask_to_talk("bob");
    scene.session.accept_talk("bob");
    scene.session.decline_talk("bob");
    scene.session.cancel_talk(Some("bob"));
    scene.session.cancel_talk(None);
    scene.session.end_talk();
    assert_eq!(
        scene.sent(),
        [
            "TALK REQUEST bob",
            "TALK ACCEPT bob",
            "TALK DECLINE bob",
            "TALK CANCEL bob",
            "TALK CANCEL",
            "TALK END"
        ]
    );
}

#[test]
fn requests_wait_both_ways_until_they_are_over() {
    let mut scene = scene();
    for line in [
        ":bob!b@h TALK REQUEST alice",
        ":carol!c@h TALK REQUEST Alice",
        ":alice!a@h TALK REQUEST dan",
        ":alice!a@h TALK REQUEST eve",
        ":alice!a@h TALK REQUEST fred",
    ] {
        scene.hear(line);
    }
    assert_eq!(scene.session.asked_by(), ["bob", "carol"]);
    assert_eq!(scene.session.asking(), ["dan", "eve", "fred"]);
    assert_eq!(talks(&mut scene)[2], (Deed::Request, "dan".to_owned(), true, false));
    scene.hear(":dan!d@h TALK DECLINE alice :busy, talking with x");
    scene.hear(":s TALK TIMEOUT alice eve");
    scene.hear(":alice!a@h TALK CANCEL fred");
    scene.hear(":s TALK TIMEOUT bob alice");
    scene.hear(":carol!c@h NICK caroline");
    assert_eq!(scene.session.asked_by(), ["caroline"]);
    assert!(scene.session.asking().is_empty());
    scene.hear(":alice!a@h TALK DECLINE caroline");
    assert!(scene.session.asked_by().is_empty());
}

#[test]
fn a_conversation_is_led_here_or_elsewhere_until_it_ends() {
    let mut scene = scene();
    scene.hear(":alice!a@h TALK REQUEST bob");
    scene.hear(":bob!b@h TALK ACCEPT alice here");
    assert!(scene.session.asking().is_empty());
    assert_eq!(talks(&mut scene)[1], (Deed::Accept, "bob".to_owned(), false, true));
    scene.hear(":alice!a@h TALK ACCEPT bob elsewhere");
    assert_eq!(talks(&mut scene), [(Deed::Accept, "bob".to_owned(), true, false)]);
    assert_eq!(scene.session.partner(), Some("bob"));
    scene.hear(":bob!b@h TALK END alice :left the conversation");
    assert_eq!(scene.session.partner(), None);
}

#[test]
fn a_broken_connection_ends_what_was_led_and_asked_over_it() {
    let mut scene = scene();
    scene.hear(":bob!b@h TALK ACCEPT alice here");
    scene.hear(":alice!a@h TALK REQUEST dan");
    scene.hear(":carol!c@h TALK REQUEST alice");
    scene.whats();
    scene.session.lost();
    let ends = [
        (Deed::Cancel, "carol".to_owned(), false, false),
        (Deed::Cancel, "dan".to_owned(), true, false),
        (Deed::End, "bob".to_owned(), true, false),
    ];
    assert_eq!(talks(&mut scene), ends);
    assert_eq!(scene.session.partner(), None);
}

/// The server may hold the old connection for alive long after it broke.
#[test]
fn a_conversation_that_the_server_still_has_goes_on_over_the_new_connection() {
    for (partner, asked) in [("bob", true), ("carol", false)] {
        let mut scene = scene();
        scene.hear(":bob!b@h TALK ACCEPT alice here");
        scene.session.lost();
        scene.session.open();
        scene.whats();
        scene.hear(":s CAP alice ACK :chatd.org/talk");
        scene.hear(":s 001 alice :Welcome");
        scene.sent();
        scene.hear(&format!(":alice!a@h TALK ACCEPT {partner} elsewhere"));
        assert_eq!(scene.sent().contains(&"TALK REQUEST bob".to_owned()), asked);
        assert_eq!(scene.whats().is_empty(), asked);
    }
}

#[test]
fn who_declines_because_they_are_busy_is_told_of_once() {
    let mut scene = scene();
    scene.hear(":bob!b@h TALK DECLINE alice :busy, talking with carol");
    scene.whats();
    scene.hear("@chatd.org/presence=busy;chatd.org/with=carol :bob!b@h AWAY :talking with carol");
    assert!(matches!(&scene.whats()[..], [What::Away { quiet: true, .. }]));
}

#[test]
fn what_is_none_of_our_business_or_makes_no_sense_is_nothing() {
    let mut scene = scene();
    for line in [
        ":bob!b@h TALK REQUEST carol",
        ":alice!a@h TALK REQUEST alice",
        ":bob!b@h TALK",
        "TALK REQUEST alice",
        ":bob!b@h TALK JUGGLE alice",
        ":s TALK TIMEOUT alice",
        ":s TALK LIST :End of list",
    ] {
        scene.hear(line);
    }
    assert!(scene.whats().is_empty());
    for number in 0..1000 {
        scene.hear(&format!(":b{number}!b@h TALK REQUEST alice"));
    }
    assert_eq!(scene.session.asked_by().len(), REQUESTS_MAX);
}
