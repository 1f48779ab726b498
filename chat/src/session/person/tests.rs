//! The list, and one person whole.

use super::*;
use crate::session::Status;
use crate::session::tests::Scene;

fn person(scene: &mut Scene) -> Person {
    match &scene.whats()[..] {
        [What::Person(person)] => person.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_list_tells_since_when_and_with_whom() {
    let mut scene = Scene::ready();
    scene.session.ask_users();
    scene.hear("@chatd.org/presence=busy;chatd.org/since=2026-11-21T19:00:00.000Z;chatd.org/with=eve :s 354 alice 742 bob G 0");
    scene.hear(":s 354 alice 742 alice H@B alice");
    scene.hear(":s 315 alice * :End of /WHO list.");
    let [What::Users { users }] = &scene.whats()[..] else { panic!() };
    assert_eq!((users[0].bot, users[0].presence.status), (true, Status::Available));
    assert_eq!((users[1].away, users[1].presence.with.as_deref()), (true, Some("eve")));
}

#[test]
fn a_person_is_put_together_from_the_answers() {
    let mut scene = Scene::ready();
    scene.session.ask_person("BOB");
    assert_eq!(scene.sent(), ["WHOIS BOB"]);
    for line in [
        ":s 311 alice bob b h * :Robert",
        ":s 319 alice bob :@#lobby #ops",
        ":s 312 alice bob s :words",
        "@chatd.org/presence=busy;chatd.org/with=eve :s 301 alice bob :talking with eve",
        ":s 330 alice bob bob :is logged in as",
        ":s 317 alice bob 90 1700000000 :seconds idle, signon time",
        ":s 671 alice bob :is using a secure connection",
        ":s 318 alice bob :End of /WHOIS list",
    ] {
        scene.hear(line);
    }
    let bob = person(&mut scene);
    assert_eq!((bob.name.as_str(), bob.real_name.as_str()), ("bob", "Robert"));
    assert_eq!(bob.presence.unwrap().with.as_deref(), Some("eve"));
    assert_eq!((bob.account.as_deref(), bob.idle), (Some("bob"), Some(90)));
    assert_eq!(bob.connected, Timestamp::from_second(1_700_000_000).ok());
    assert_eq!(bob.channels, ["#lobby", "#ops"]);
}

#[test]
fn of_who_has_left_it_is_told_since_when() {
    let mut scene = Scene::ready();
    scene.session.ask_person("bob");
    scene.hear(":s 401 alice bob :No such nick");
    scene.hear(":s 318 alice bob :End of /WHOIS list");
    assert_eq!(scene.sent(), ["WHOIS bob", "WHOWAS bob 1"]);
    scene.hear(":s 314 alice bob b h * :Robert");
    scene.hear(":s 312 alice bob s :Friday, 20 November 2026, 17:03:00 UTC");
    scene.hear(":s 369 alice bob :End of WHOWAS");
    let bob = person(&mut scene);
    assert_eq!((bob.presence, bob.left.as_deref()), (None, Some("Friday, 20 November 2026, 17:03:00 UTC")));
    scene.session.ask_person("nobody");
    scene.hear(":s 401 alice nobody :No such nick");
    scene.hear(":s 318 alice nobody :End of /WHOIS list");
    scene.hear(":s 406 alice nobody :There was no such nickname");
    scene.hear(":s 369 alice nobody :End of WHOWAS");
    assert_eq!(person(&mut scene).left, None);
}

#[test]
fn what_was_said_to_nobody_is_refused_even_while_they_are_asked_about() {
    let mut scene = Scene::ready();
    assert!(scene.session.say("bob", "hi", crate::session::How::Text));
    scene.session.ask_person("bob");
    scene.hear("@label=say1 :s 401 alice bob :No such nick");
    assert!(matches!(&scene.whats()[..], [What::Refused { unsaid: Some(text), .. }] if text == "hi"));
}
