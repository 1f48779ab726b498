use crate::testing::Chat;
use crate::{ConnId, Event, Origin, Peer, Policy, Registration};

fn local(chat: &mut Chat, login: Option<&str>) -> ConnId {
    let login = login.map(|login| login.parse().unwrap());
    let origin = Origin::Unix { uid: 1000, pid: None, login };
    chat.connect_from(Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None })
}

fn guest(chat: &mut Chat, nick: &str) -> ConnId {
    let conn = local(chat, None);
    chat.register(conn, nick);
    conn
}

fn account_of(chat: &Chat, nick: &str) -> Option<String> {
    chat.core().state().user_named(nick).unwrap().1.account.as_ref().map(ToString::to_string)
}

#[test]
fn a_guest_makes_an_account_of_its_nick_and_comes_back_to_it() {
    let mut chat = Chat::new();
    let anna = guest(&mut chat, "Anna");
    let told = chat.say(anna, "REGISTER * * correcthorse");
    assert_eq!(
        told,
        [
            ":chat.local REGISTER SUCCESS Anna :Account made; you are logged in to it",
            ":chat.local 900 Anna Anna!uid1000@host Anna :You are now logged in as Anna"
        ]
    );
    assert_eq!(account_of(&chat, "anna").as_deref(), Some("Anna"));
    let account = chat.events().into_iter().find(|event| matches!(event, Event::Account(..))).unwrap();
    assert!(account.is_durable() && !format!("{account:?}").contains("correcthorse"), "{account:?}");
    assert!(chat.say(anna, "REGISTER * * correcthorse")[0].contains(" ALREADY_AUTHENTICATED Anna "));
    chat.say(anna, "QUIT");
    let other = guest(&mut chat, "somebody");
    assert!(chat.say(other, "NICK anna")[0].contains(" 433 "));
    let told = chat.say(other, "NS IDENTIFY anna correcthorse");
    assert!(told[1].ends_with("NOTICE somebody :You are now logged in as Anna"), "{told:?}");
}

#[test]
fn what_makes_no_account_is_told_by_its_code() {
    let mut chat = Chat::new();
    chat.add_account("alice", "x");
    let anna = guest(&mut chat, "anna");
    for (sent, code) in [
        ("bert * correcthorse", "ACCOUNT_NAME_MUST_BE_NICK bert"),
        ("* * short", "WEAK_PASSWORD anna"),
        ("* * ANNA", "WEAK_PASSWORD anna"),
        ("* nonsense correcthorse", "INVALID_EMAIL anna"),
    ] {
        let told = chat.say(anna, &format!("REGISTER {sent}"));
        assert!(told[0].starts_with(&format!(":chat.local FAIL REGISTER {code} :")), "{told:?}");
    }
    let long = format!("REGISTER * * {}", "x".repeat(801));
    assert!(chat.say(anna, &long)[0].contains(" UNACCEPTABLE_PASSWORD "));
    let open = chat.connect();
    chat.register(open, "dora");
    assert!(chat.say(open, "REGISTER * * correcthorse")[0].contains(" DISALLOWED "));
    assert!(chat.say(open, "VERIFY dora 123")[0].contains("FAIL VERIFY INVALID_CODE dora "));
    assert_eq!(chat.core().state().accounts.len(), 1);
}

#[test]
fn names_that_others_have_or_are_taken_for_cannot_be_registered() {
    let policy = Policy { nick_equals_account: false, ..Policy::default() };
    let mut chat = Chat::with(policy);
    chat.add_account("alice", "x");
    let anna = guest(&mut chat, "anna");
    guest(&mut chat, "bert");
    chat.hear_all();
    for name in ["alice", "A1ice", "bert"] {
        let told = chat.say(anna, &format!("REGISTER {name} * correcthorse"));
        assert!(told[0].contains(&format!("FAIL REGISTER ACCOUNT_EXISTS {name} :")), "{told:?}");
    }
    assert!(chat.say(anna, "REGISTER 4th * correcthorse")[0].contains(" BAD_ACCOUNT_NAME "));
    assert!(chat.say(anna, "REGISTER carla * correcthorse")[0].contains("REGISTER SUCCESS carla"));
}

#[test]
fn a_closed_registration_lets_logins_set_passwords_all_the_same() {
    let registration = Registration { open: false, ..Registration::default() };
    let mut chat = Chat::with(Policy { registration, ..Policy::default() });
    let anna = guest(&mut chat, "anna");
    assert!(!chat.say(anna, "CAP LS 302")[0].contains("account-registration"));
    assert!(chat.say(anna, "REGISTER * * correcthorse")[0].contains(" DISALLOWED "));
    assert!(chat.say(anna, "PASSWD * :correcthorse")[0].contains(" NOT_LOGGED_IN "));
    let bob = local(&mut chat, Some("bob"));
    chat.register(bob, "bob");
    for password in ["correcthorse", "battery staple"] {
        let told = chat.say(bob, &format!("PASSWD * :{password}"));
        assert_eq!(told, [":chat.local PASSWD SUCCESS bob :Password set"]);
    }
    assert!(chat.core().state().accounts.named("bob").unwrap().login);
}

#[test]
fn who_came_by_a_password_needs_the_old_one_for_a_new_one() {
    let mut chat = Chat::new();
    let anna = guest(&mut chat, "anna");
    chat.say(anna, "REGISTER * * correcthorse");
    assert!(chat.say(anna, "PASSWD * :battery staple")[0].contains(" WRONG_PASSWORD anna "));
    assert!(chat.say(anna, "PASSWD guess :battery staple")[0].contains(" WRONG_PASSWORD anna "));
    assert!(chat.say(anna, "PASSWD correcthorse :battery staple")[0].contains("PASSWD SUCCESS anna"));
    assert!(chat.say(anna, "PASSWD :battery staple\tcorrect horse")[0].contains("PASSWD SUCCESS anna"));
    assert!(chat.say(anna, "PASSWD :correct horse\tbattery staple")[0].contains("PASSWD SUCCESS anna"));
    assert!(chat.say(anna, "PASSWD battery")[0].contains(" 461 "));
    for _ in 0..5 {
        chat.say(anna, "PASSWD guess :battery staple");
    }
    assert!(chat.say(anna, "PASSWD guess :battery staple")[0].contains(" TEMPORARILY_UNAVAILABLE "));
}

#[test]
fn accounts_are_not_made_by_the_dozen() {
    let registration = Registration { per_address: 2, ..Registration::default() };
    let mut chat = Chat::with(Policy { registration, ..Policy::default() });
    let told: Vec<String> = ["anna", "bert", "carla"]
        .map(|nick| {
            let conn = guest(&mut chat, nick);
            chat.hear_all();
            chat.say(conn, "REGISTER * * correcthorse").remove(0)
        })
        .into();
    assert!(told[1].contains("SUCCESS") && told[2].contains(" TEMPORARILY_UNAVAILABLE "), "{told:?}");
}

#[test]
fn nickserv_understands_what_people_type_and_is_nobody_else() {
    let mut chat = Chat::new();
    let anna = guest(&mut chat, "anna");
    assert!(chat.say(anna, "NICK nickserv")[0].contains(" 432 "));
    let said = chat.say(anna, "PRIVMSG NickServ :register correcthorse anna@example.org");
    assert!(said[0].starts_with(":NickServ!NickServ@chat.local NOTICE anna :Account made"), "{said:?}");
    let email = chat.core().state().accounts.named("anna").unwrap().email.clone();
    assert_eq!(email.as_deref(), Some("anna@example.org"));
    assert!(chat.say(anna, "NS SET PASSWORD batterystaple correcthorse")[0].ends_with(":Password set"));
    assert!(chat.say(anna, "PRIVMSG nickserv :what?")[0].contains("REGISTER password"));
    assert!(chat.say(anna, "NS CERT ADD")[0].contains("no certificate"));
}

#[test]
fn who_lacks_the_password_of_the_server_makes_no_account() {
    let mut chat = Chat::with(Policy { password_hash: Some("open".into()), ..Policy::default() });
    let origin = Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
    let (host, certificate) = ("host".into(), None);
    let conn = chat.connect_from(Peer { origin, host, guests: true, secure: true, certificate });
    chat.say(conn, "NICK anna");
    assert!(chat.say(conn, "REGISTER * * correcthorse")[0].contains("FAIL REGISTER DISALLOWED * "));
    chat.say(conn, "PASS open");
    assert!(chat.say(conn, "REGISTER * * correcthorse")[0].contains(" REGISTER SUCCESS anna "));
}

#[test]
fn where_guests_may_not_come_a_client_is_told_that_it_needs_an_account() {
    let mut chat = Chat::new();
    let origin = Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
    let (host, certificate) = ("host".into(), None);
    let peer = Peer { origin, host, guests: false, secure: true, certificate };
    let guest = chat.connect_from(peer.clone());
    let told = chat.register(guest, "anna");
    assert!(told[0].starts_with(":chat.local FAIL * ACCOUNT_REQUIRED :") && told[1].starts_with("ERROR "));
    let anna = chat.connect_from(peer);
    chat.say(anna, "NICK anna");
    chat.say(anna, "REGISTER * * correcthorse");
    let welcome = chat.say(anna, "USER anna 0 * :Anna");
    assert!(welcome.iter().any(|line| line.contains(" 005 ") && line.contains(" draft/ACCOUNTREQUIRED ")));
}
