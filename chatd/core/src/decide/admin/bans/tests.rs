use std::time::Duration;

use chat_proto::admin::{BanKind, Error};

use crate::testing::{Chat, START};
use crate::{AdminAnswer, AdminCommand, ConnId, Input, Origin, Peer};

fn ban(chat: &mut Chat, target: &str, duration: Option<Duration>) -> AdminAnswer {
    let reason = Some(String::from("noise"));
    chat.ask(AdminCommand::Ban { target: target.into(), force: false, duration, reason })
}

fn local(chat: &mut Chat, login: &str, nick: &str) -> ConnId {
    let origin = Origin::Unix { uid: 1000, pid: None, login: login.parse().ok() };
    let peer = Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None };
    let conn = chat.connect_from(peer);
    if !chat.is_closed(conn) {
        chat.register(conn, nick);
    }
    conn
}

/// One session was ended.
fn banned(target: &str) -> AdminAnswer {
    AdminAnswer::Banned { target: target.into(), sessions: 1 }
}

#[test]
fn nobody_bans_everybody_by_a_slip() {
    let mut chat = Chat::new();
    let anna = chat.join("anna");
    let target = || String::from("*!*@*");
    assert_eq!(ban(&mut chat, "*", None), AdminAnswer::Refused(Error::TooBroad { target: target() }));
    assert!(!chat.is_closed(anna));
    let forced = AdminCommand::Ban { target: target(), force: true, duration: None, reason: None };
    assert_eq!(chat.ask(forced), banned("*!*@*"));
    assert!(chat.is_closed(anna));
}

#[test]
fn whom_a_ban_fits_is_put_out_and_stays_out_until_it_is_over() {
    let mut chat = Chat::new();
    let anna = chat.join("anna");
    assert_eq!(ban(&mut chat, "192.0.2.0/24", Some(Duration::from_secs(60))), banned("192.0.2.0/24"));
    assert_eq!(chat.heard(anna), ["ERROR :Closing link: Banned: noise"]);
    let again = chat.connect();
    assert_eq!(chat.heard(again), ["ERROR :Closing link: Banned: noise"]);
    chat.pass(60_000);
    chat.feed(Input::Tick);
    let anna = chat.connect();
    assert!(!chat.is_closed(anna));
    assert_eq!(chat.ask(AdminCommand::Bans), AdminAnswer::Bans(Vec::new()));
}

#[test]
fn bans_stay_while_the_clock_is_in_doubt() {
    let mut chat = Chat::new();
    let _anna = chat.join("anna");
    assert_eq!(ban(&mut chat, "192.0.2.0/24", Some(Duration::from_secs(60))), banned("192.0.2.0/24"));
    let wall = START + 365 * 86_400_000;
    chat.set_doubtful_clock(wall);
    chat.feed(Input::Tick);
    let again = chat.connect();
    assert!(chat.is_closed(again));
    chat.set_clock(wall);
    chat.feed(Input::Tick);
    let again = chat.connect();
    assert!(!chat.is_closed(again));
}

#[test]
fn a_banned_login_does_not_come_back_under_another_nick() {
    let mut chat = Chat::new();
    local(&mut chat, "bob", "bob");
    assert_eq!(ban(&mut chat, "BOB", None), banned("bob"));
    let guest = local(&mut chat, "bob", "somebody");
    assert!(chat.is_closed(guest));
    let guest = local(&mut chat, "alice", "somebody");
    chat.hear_all();
    assert!(chat.say(guest, "NICK bob")[0].contains(" 432 "));
}

#[test]
fn a_mask_is_compared_with_what_users_see() {
    let mut chat = Chat::new();
    let anna = chat.join("anna");
    assert_eq!(ban(&mut chat, "@host.example", None), banned("*!*@host.example"));
    assert!(chat.is_closed(anna));
    let other = chat.connect();
    chat.register(other, "somebody");
    assert!(chat.is_closed(other));
}

#[test]
fn a_kick_with_a_ban_keeps_the_user_out() {
    let mut chat = Chat::new();
    local(&mut chat, "bob", "bob");
    let kick = AdminCommand::Kick { name: "bob".into(), reason: None, ban: Some(Duration::from_secs(3600)) };
    assert_eq!(chat.ask(kick), AdminAnswer::Kicked { sessions: 1 });
    let bob = local(&mut chat, "bob", "bob");
    assert!(chat.is_closed(bob));
    let AdminAnswer::Bans(bans) = chat.ask(AdminCommand::Bans) else { panic!("no list") };
    assert_eq!((bans[0].target.as_str(), bans[0].kind, bans[0].by.as_str()), ("bob", BanKind::Name, "root"));
}

#[test]
fn what_cannot_be_banned_or_is_not_banned_is_told() {
    let mut chat = Chat::new();
    assert!(matches!(
        ban(&mut chat, "not a target", None),
        AdminAnswer::Refused(Error::InvalidTarget { .. })
    ));
    let unban = AdminCommand::Unban { target: "bob".into() };
    assert_eq!(chat.ask(unban.clone()), AdminAnswer::Refused(Error::NoSuchBan { target: "bob".into() }));
    ban(&mut chat, "bob", None);
    assert_eq!(chat.ask(unban), AdminAnswer::Done);
}

#[test]
fn a_mask_is_not_evaded_by_another_nick_and_an_endless_time_is_refused() {
    let mut chat = Chat::new();
    let anna = chat.join("anna");
    ban(&mut chat, "spam*!*@*", None);
    assert!(chat.say(anna, "NICK spam1")[0].contains(" 432 "));
    let endless = ban(&mut chat, "bob", Some(Duration::from_millis(u64::MAX)));
    assert!(matches!(endless, AdminAnswer::Refused(Error::InvalidDelay { .. })));
}
