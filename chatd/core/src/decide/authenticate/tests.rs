use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_proto::sasl::ScramClient;

use crate::testing::{Chat, credentials};
use crate::{
    AdminCommand, Attempt, Bar, ConnEvent, ConnId, Event, Fingerprint, Input, JobDone, Origin, Peer, Policy,
};

fn chat() -> Chat {
    let mut chat = Chat::new();
    chat.add_account("Alice", "sesame");
    chat
}

fn safe(chat: &mut Chat) -> ConnId {
    let origin = Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
    chat.connect_from(Peer { origin, host: "host".into(), guests: false, secure: true, certificate: None })
}

fn local(chat: &mut Chat, uid: u32) -> ConnId {
    let origin = Origin::Unix { uid, pid: None, login: None };
    chat.connect_from(Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None })
}

fn plain(name: &str, password: &str) -> String {
    format!("AUTHENTICATE {}", STANDARD.encode(format!("\0{name}\0{password}")))
}

fn log_in(chat: &mut Chat, conn: ConnId, name: &str, password: &str) -> Vec<String> {
    assert_eq!(chat.say(conn, "AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
    chat.say(conn, &plain(name, password))
}

#[test]
fn an_account_gets_in_with_its_password_and_goes_by_its_name() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    chat.say(conn, "CAP LS 302");
    let answer = log_in(&mut chat, conn, "alice", "sesame");
    assert_eq!(
        answer,
        [
            ":chat.local 900 * *!*@* Alice :You are now logged in as Alice",
            ":chat.local 903 * :SASL authentication successful"
        ]
    );
    chat.register(conn, "somebody");
    let welcome = chat.say(conn, "CAP END");
    assert!(welcome[0].starts_with(":chat.local 001 Alice "), "{welcome:?}");
    assert_eq!(
        chat.core().state().user_named("alice").unwrap().1.account.as_ref().unwrap().as_str(),
        "Alice"
    );
}

#[test]
fn a_second_session_of_the_account_joins_the_first() {
    let mut chat = chat();
    for _ in 0..2 {
        let conn = safe(&mut chat);
        log_in(&mut chat, conn, "alice", "sesame");
        assert!(chat.register(conn, "alice")[0].contains(" 001 "));
    }
    assert_eq!(chat.core().state().user_named("alice").unwrap().1.sessions.len(), 2);
}

#[test]
fn a_wrong_password_and_an_unknown_name_are_told_alike_and_reported() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    let wrong = log_in(&mut chat, conn, "alice", "opensesame");
    assert_eq!(wrong, [":chat.local 904 * :SASL authentication failed: wrong name or password"]);
    assert_eq!(log_in(&mut chat, conn, "nobody", "sesame"), wrong);
    let failed = |event: &Event| matches!(event, Event::Conn(_, ConnEvent::LoginFailed { .. }));
    assert_eq!(chat.events().iter().filter(|event| failed(event)).count(), 2);
    assert!(log_in(&mut chat, conn, "alice", "sesame")[0].contains(" 900 "));
}

#[test]
fn guessing_gets_slower() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    for _ in 0..5 {
        log_in(&mut chat, conn, "alice", "guess");
    }
    let other = safe(&mut chat);
    let told = chat.say(other, "AUTHENTICATE PLAIN");
    assert_eq!(
        told,
        [":chat.local 904 * :SASL authentication failed: too many attempts, try again in 1 second"]
    );
    chat.pass(1000);
    assert!(log_in(&mut chat, other, "alice", "sesame")[0].contains(" 900 "));
    chat.pass(15 * 60 * 1000 + 1);
    assert_eq!(chat.say(other, "AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
}

#[test]
fn failures_of_others_do_not_lock_out_the_owner() {
    let mut chat = chat();
    for uid in 1..=36 {
        let poller = local(&mut chat, uid);
        for _ in 0..5 {
            chat.say(poller, "AUTHENTICATE PLAIN");
            chat.say(poller, &plain("alice", "guess"));
        }
        if uid > 11 {
            let owner = safe(&mut chat);
            assert!(log_in(&mut chat, owner, "alice", "sesame")[0].contains(" 900 "), "{uid}");
        }
    }
    let poller = local(&mut chat, 1000);
    log_in(&mut chat, poller, "alice", "guess");
    let refused = log_in(&mut chat, poller, "alice", "sesame");
    assert!(refused[0].contains("too many attempts"), "{refused:?}");
}

#[test]
fn passwords_are_not_taken_on_a_connection_that_others_can_read() {
    let mut chat = chat();
    let conn = chat.connect();
    assert!(!chat.say(conn, "CAP LS 302").concat().contains("sasl"));
    assert!(chat.say(conn, "CAP REQ sasl")[0].contains(" NAK "));
    assert!(chat.say(conn, "AUTHENTICATE PLAIN")[0].contains(" 904 "));
}

#[test]
fn scram_proves_the_password_without_showing_it() {
    let mut chat = chat();
    for (password, numeric) in [("sesame", " 900 "), ("opensesame", " 904 ")] {
        let conn = safe(&mut chat);
        assert_eq!(chat.say(conn, "AUTHENTICATE SCRAM-SHA-256"), ["AUTHENTICATE +"]);
        let (client, first) = ScramClient::begin("alice", "nonce");
        let challenge = chat.say(conn, &format!("AUTHENTICATE {}", STANDARD.encode(first)));
        let challenge = STANDARD.decode(&challenge[0]["AUTHENTICATE ".len()..]).unwrap();
        let last = client.answer(&challenge, password).unwrap();
        let answer = chat.say(conn, &format!("AUTHENTICATE {}", STANDARD.encode(&last.message)));
        let answer = match answer[0].strip_prefix("AUTHENTICATE ") {
            Some(proof) => {
                last.check(&STANDARD.decode(proof).unwrap()).unwrap();
                chat.say(conn, "AUTHENTICATE +")
            }
            None => answer,
        };
        assert!(answer[0].contains(numeric), "{answer:?}");
    }
}

#[test]
fn a_login_and_a_certificate_speak_for_themselves() {
    let mut chat = chat();
    let unix = Origin::Unix { uid: 1000, pid: None, login: "bob".parse().ok() };
    let peer = Peer { origin: unix, host: "host".into(), guests: true, secure: true, certificate: None };
    let bob = chat.connect_from(peer.clone());
    assert!(chat.say(bob, "CAP LS 302")[0].contains(" sasl=EXTERNAL,PLAIN,SCRAM-SHA-256 "));
    chat.say(bob, "AUTHENTICATE EXTERNAL");
    assert!(chat.say(bob, "AUTHENTICATE +")[0].contains(" bob :You are now"));
    let certificate = Fingerprint([1; 32]);
    chat.certify("Alice", certificate);
    let origin = Origin::Tcp { address: ([192, 0, 2, 1], 1).into() };
    let alice = chat.connect_from(Peer { origin, certificate: Some(certificate), ..peer });
    chat.say(alice, "AUTHENTICATE EXTERNAL");
    let other = chat.say(alice, &format!("AUTHENTICATE {}", STANDARD.encode("bob")));
    assert!(other[0].contains(" 904 "), "{other:?}");
    chat.say(alice, "AUTHENTICATE EXTERNAL");
    assert!(chat.say(alice, "AUTHENTICATE +")[0].contains(" Alice :You are now"));
}

#[test]
fn names_of_accounts_and_what_looks_like_them_are_not_for_guests() {
    let mut chat = Chat::with(Policy { reserve_logins: false, ..Policy::default() });
    chat.add_account("alice", "sesame");
    let guest = chat.connect();
    assert_eq!(
        chat.register(guest, "alice"),
        [":chat.local 433 alice alice :Nickname is reserved for the account alice"]
    );
    assert_eq!(
        chat.say(guest, "NICK A1ice"),
        [":chat.local 433 A1ice A1ice :Nickname looks like the account alice"]
    );
    assert!(chat.say(guest, "NICK bob")[0].contains(" 001 "));
    assert!(chat.say(guest, "NICK alice")[0].contains(" 433 "));
}

#[test]
fn a_login_in_the_middle_ends_with_the_registration_and_without_an_answer() {
    let mut chat = chat();
    let conn = chat.connect_from(Peer {
        origin: Origin::Unix { uid: 1, pid: None, login: None },
        host: "host".into(),
        guests: true,
        secure: true,
        certificate: None,
    });
    chat.say(conn, "AUTHENTICATE PLAIN");
    let welcome = chat.register(conn, "bob");
    assert!(welcome[0].contains(" 906 ") && welcome[1].contains(" 001 "), "{welcome:?}");
    let told = log_in(&mut chat, conn, "alice", "sesame");
    assert!(told[0].contains(" 900 bob bob!uid1@host Alice "), "{told:?}");
    assert_eq!(told[2], ":bob!uid1@host NICK Alice");
}

#[test]
fn who_logs_in_takes_on_the_name_of_the_account_unless_it_is_there_already() {
    let mut chat = chat();
    let (first, second) = (local(&mut chat, 1), local(&mut chat, 2));
    chat.register(first, "bob");
    chat.register(second, "bert");
    assert_eq!(log_in(&mut chat, first, "alice", "sesame")[2], ":bob!uid1@host NICK Alice");
    let told = log_in(&mut chat, second, "alice", "sesame");
    assert!(told[0].contains(" 904 bert ") && told[0].contains("Alice is here already"), "{told:?}");
    assert!(chat.core().state().user_named("bert").unwrap().1.account.is_none());
}

#[test]
fn without_that_rule_a_nick_is_kept() {
    let mut chat = Chat::with(Policy { nick_equals_account: false, ..Policy::default() });
    chat.add_account("Alice", "sesame");
    for (uid, nick) in [(1, "bob"), (2, "bert")] {
        let conn = local(&mut chat, uid);
        chat.register(conn, nick);
        let told = log_in(&mut chat, conn, "alice", "sesame");
        assert!(told[0].contains(&format!(" 900 {nick} ")), "{told:?}");
    }
}

#[test]
fn a_half_done_login_is_worth_nothing_once_the_password_is_another() {
    let mut chat = chat();
    for change in [Some("another"), None] {
        let conn = local(&mut chat, 1);
        let password = if change.is_some() { "sesame" } else { "another" };
        chat.say(conn, "AUTHENTICATE SCRAM-SHA-256");
        let (client, first) = ScramClient::begin("alice", "nonce");
        let challenge = chat.say(conn, &format!("AUTHENTICATE {}", STANDARD.encode(first)));
        let challenge = STANDARD.decode(&challenge[0]["AUTHENTICATE ".len()..]).unwrap();
        let last = client.answer(&challenge, password).unwrap();
        assert!(
            chat.say(conn, &format!("AUTHENTICATE {}", STANDARD.encode(&last.message)))[0]
                .starts_with("AUTH")
        );
        let name = String::from("alice");
        chat.ask(match change {
            Some(password) => {
                let credentials = Box::new(credentials(password));
                AdminCommand::SetPassword { name, credentials, login: false }
            }
            None => AdminCommand::RemoveAccount { name, login: false },
        });
        let told = chat.say(conn, "AUTHENTICATE +");
        assert!(told[0].contains(" 904 ") && told[0].contains("password was changed"), "{told:?}");
    }
}

#[test]
fn an_account_that_is_removed_before_the_connection_is_complete_lets_nobody_in() {
    let mut chat = chat();
    let conn = local(&mut chat, 1);
    log_in(&mut chat, conn, "alice", "sesame");
    chat.ask(AdminCommand::RemoveAccount { name: "alice".into(), login: false });
    chat.register(conn, "alice");
    assert!(chat.is_closed(conn) && chat.core().state().users.is_empty());
}

#[test]
fn logging_in_to_the_own_account_does_not_pay_for_guessing_at_others() {
    let mut chat = chat();
    chat.add_account("mallory", "own");
    let conn = safe(&mut chat);
    for _ in 0..4 {
        log_in(&mut chat, conn, "alice", "guess");
    }
    assert!(log_in(&mut chat, conn, "mallory", "own")[0].contains(" 900 "));
    log_in(&mut chat, conn, "alice", "guess");
    assert!(chat.say(conn, "AUTHENTICATE PLAIN")[0].contains("too many attempts"));
}

#[test]
fn what_is_too_long_or_senseless_is_refused_and_can_be_tried_again() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    assert!(chat.say(conn, "AUTHENTICATE NONSENSE")[0].contains(" 908 * PLAIN,SCRAM-SHA-256 :"));
    for (sent, numeric) in
        [("!!!".to_owned(), " 904 "), ("*".to_owned(), " 906 "), ("A".repeat(401), " 905 ")]
    {
        assert_eq!(chat.say(conn, "AUTHENTICATE PLAIN"), ["AUTHENTICATE +"]);
        let answer = chat.say(conn, &format!("AUTHENTICATE {sent}"));
        assert!(answer[0].contains(numeric), "{answer:?}");
    }
    assert!(log_in(&mut chat, conn, "alice", "sesame")[0].contains(" 900 "));
}

/// The login of the host, by the kernel's word.
fn login(chat: &mut Chat, name: &str) -> ConnId {
    let origin = Origin::Unix { uid: 1000, pid: None, login: name.parse().ok() };
    chat.connect_from(Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None })
}

#[test]
fn a_login_that_came_to_the_host_later_is_not_one_with_who_registered_its_name() {
    let mut chat = Chat::with(Policy::default());
    chat.add_account("bob", "sesame");
    let early = safe(&mut chat);
    let (guest, mallory) = (local(&mut chat, 7), safe(&mut chat));
    chat.register(guest, "somebody");
    log_in(&mut chat, early, "bob", "sesame");
    chat.logins = vec!["bob"];
    for conn in [mallory, guest] {
        let told = log_in(&mut chat, conn, "bob", "sesame");
        assert!(told[0].contains(" 904 ") && told[0].contains("is a login of this host by now"), "{told:?}");
    }
    let bob = login(&mut chat, "bob");
    assert!(chat.register(bob, "bob")[0].contains(" 433 "));
    chat.ask(AdminCommand::RemoveAccount { name: "bob".into(), login: false });
    assert!(chat.is_closed(early));
    let bob = login(&mut chat, "bob");
    assert!(chat.register(bob, "bob")[0].contains(" 001 bob "));
}

#[test]
fn a_password_that_is_changed_while_its_login_is_looked_up_lets_nobody_in() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    chat.put_off_jobs();
    log_in(&mut chat, conn, "alice", "sesame");
    chat.do_one_job(|done| done);
    set_password(&mut chat, "alice", "new sesame");
    chat.do_one_job(|done| done);
    assert!(chat.heard(conn)[0].ends_with("the password was changed"));
}

#[test]
fn a_login_in_capitals_has_its_name_in_every_spelling() {
    let mut chat = chat();
    let jdoe = login(&mut chat, "JDoe");
    assert!(chat.register(jdoe, "jdoe")[0].contains(" 001 jdoe "));
    chat.say(jdoe, "QUIT");
    let guest = local(&mut chat, 7);
    chat.say(guest, "USER guest 0 * :Guest");
    for nick in ["jdoe", "JDOE", "JD0e"] {
        assert!(chat.say(guest, &format!("NICK {nick}"))[0].contains(" 433 "), "{nick}");
    }
    assert!(chat.say(guest, "NICK mallory")[0].contains(" 001 "));
    assert!(chat.say(guest, "NICK jdoe")[0].contains(" 433 "));
    chat.say(guest, "NICK john");
    assert!(chat.say(guest, "REGISTER jdoe * correcthorse")[0].contains("FAIL REGISTER "));
    let jdoe = login(&mut chat, "JDoe");
    assert!(chat.register(jdoe, "JDoe")[0].contains(" 001 JDoe "));
}

#[test]
fn nobody_looks_like_a_login_that_is_known() {
    let mut chat = Chat::new();
    login(&mut chat, "alice");
    let guest = local(&mut chat, 7);
    chat.say(guest, "USER guest 0 * :Guest");
    for nick in ["a1ice", "aIice"] {
        let told = chat.say(guest, &format!("NICK {nick}"));
        assert!(told[0].ends_with("looks like the account alice"), "{told:?}");
    }
    let twin = login(&mut chat, "aiice");
    assert!(chat.register(twin, "aiice")[0].contains(" 001 aiice "), "it is a login itself");
    let mut open = Chat::with(Policy { reserve_logins: false, ..Policy::default() });
    login(&mut open, "alice");
    let guest = local(&mut open, 7);
    assert!(open.register(guest, "a1ice")[0].contains(" 001 a1ice "));
}

#[test]
fn names_like_nickserv_are_nobody_s() {
    let mut chat = Chat::new();
    let conn = chat.connect();
    for name in ["NickServ", "N1ckServ", "nickserv_"] {
        assert!(chat.say(conn, &format!("NICK {name}"))[0].contains(" 432 "), "{name}");
    }
}

#[test]
fn operators_passwords_are_not_guessed_quickly_either() {
    let root = crate::Operator { name: "root".into(), password_hash: "toor".into() };
    let mut chat = Chat::with(Policy { operators: vec![root], ..Policy::default() });
    let conn = chat.join("mallory");
    for _ in 0..5 {
        assert!(chat.say(conn, "OPER root guess")[0].ends_with(":Password incorrect"));
    }
    assert!(chat.say(conn, "OPER root toor")[0].contains("too many attempts"));
    chat.pass(1000);
    assert!(chat.say(conn, "OPER root toor").iter().any(|line| line.contains(" 381 ")));
}

fn set_password(chat: &mut Chat, name: &str, password: &str) {
    let (name, credentials) = (name.into(), Box::new(credentials(password)));
    chat.ask(AdminCommand::SetPassword { name, credentials, login: false });
}

/// As if the password were kept in a form that is out of date.
fn renewed(done: JobDone) -> JobDone {
    let JobDone::AccountChecked(mut checked) = done else { panic!("{done:?}") };
    checked.renewed = Some(Box::new(credentials("sesame")));
    JobDone::AccountChecked(checked)
}

#[test]
fn a_password_that_was_changed_while_the_old_one_was_checked_stays_changed() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    chat.put_off_jobs();
    log_in(&mut chat, conn, "alice", "sesame");
    set_password(&mut chat, "alice", "new sesame");
    chat.do_one_job(renewed);
    assert!(chat.heard(conn).is_empty(), "it is checked against the new one");
    chat.do_one_job(|done| done);
    assert!(chat.heard(conn)[0].contains(" 904 "));
    let account = chat.core().state().accounts.named("alice").unwrap();
    assert_eq!(account.credentials.as_ref(), Some(&credentials("new sesame")));
}

#[test]
fn of_two_logins_at_once_both_succeed_even_if_the_first_renews_what_is_kept() {
    let mut chat = chat();
    let (one, two) = (safe(&mut chat), safe(&mut chat));
    chat.put_off_jobs();
    for conn in [one, two] {
        log_in(&mut chat, conn, "alice", "sesame");
    }
    let other = |done| {
        let JobDone::AccountChecked(mut checked) = renewed(done) else { panic!("no login") };
        checked.renewed.as_mut().unwrap().scram =
            chat_proto::sasl::ScramKeys::derive("sesame", b"pepper", 4096);
        JobDone::AccountChecked(checked)
    };
    chat.do_one_job(other);
    while chat.put_off.as_ref().is_some_and(|jobs| !jobs.is_empty()) {
        chat.do_one_job(|done| done);
    }
    for conn in [one, two] {
        assert!(chat.heard(conn).iter().any(|line| line.contains(" 903 ")));
    }
}

#[test]
fn a_change_of_password_does_not_undo_one_that_was_made_meanwhile() {
    let mut chat = chat();
    let (thief, owner) = (safe(&mut chat), safe(&mut chat));
    for conn in [thief, owner] {
        log_in(&mut chat, conn, "alice", "sesame");
    }
    chat.put_off_jobs();
    chat.say(thief, "PASSWD sesame :evil sesame");
    chat.say(owner, "PASSWD sesame :good sesame");
    let thiefs = chat.put_off.as_mut().unwrap().pop_front().unwrap();
    chat.do_one_job(|done| done);
    chat.put_off.as_mut().unwrap().push_back(thiefs);
    chat.do_one_job(|done| done);
    assert!(chat.heard(thief)[0].contains("FAIL PASSWD TEMPORARILY_UNAVAILABLE"));
    let account = chat.core().state().accounts.named("alice").unwrap();
    assert_eq!(account.credentials.as_ref(), Some(&credentials("good sesame")));
}

#[test]
fn who_comes_when_too_many_do_is_told_so_and_may_try_again() {
    let mut chat = chat();
    let conn = safe(&mut chat);
    chat.put_off_jobs();
    log_in(&mut chat, conn, "alice", "sesame");
    chat.do_one_job(|_| JobDone::NotDone);
    let told = chat.heard(conn);
    assert_eq!(told, [":chat.local 904 * :SASL authentication failed: too many logins at once, try again"]);
    chat.put_off = None;
    assert!(log_in(&mut chat, conn, "alice", "sesame")[0].contains(" 900 "));
}

#[test]
fn the_time_to_register_does_not_run_while_a_password_waits_but_not_for_ever() {
    let mut chat = chat();
    let (slow, stuck) = (safe(&mut chat), safe(&mut chat));
    chat.put_off_jobs();
    for conn in [stuck, slow] {
        log_in(&mut chat, conn, "alice", "sesame");
    }
    let never = chat.put_off.as_mut().and_then(std::collections::VecDeque::pop_front);
    chat.pass(60_000);
    chat.feed(Input::Tick);
    chat.do_one_job(|done| done);
    chat.do_one_job(|done| done);
    assert!(chat.heard(slow)[0].contains(" 900 "));
    chat.pass(29_000);
    chat.feed(Input::Tick);
    assert!(!chat.is_closed(slow));
    chat.pass(2_000);
    chat.feed(Input::Tick);
    assert!(chat.is_closed(slow) && !chat.is_closed(stuck) && never.is_some());
    chat.pass(60_000);
    chat.feed(Input::Tick);
    assert!(chat.is_closed(stuck));
}

#[test]
fn a_suspended_account_s_password_is_no_guess_and_too_many_tries_are_told_to_administrators() {
    let mut chat = chat();
    let name = || String::from("alice");
    chat.ask(AdminCommand::SuspendAccount { name: name(), reason: Some("tired".into()), login: false });
    let conn = safe(&mut chat);
    assert!(log_in(&mut chat, conn, "alice", "sesame")[0].ends_with("suspended: tired"));
    let is_refusal = |event: &Event| {
        matches!(event, Event::Conn(_, ConnEvent::LoginRefused { account, bar: Bar::Suspended, .. })
            if account.as_str() == "Alice")
    };
    let is_failure = |event: &Event| matches!(event, Event::Conn(_, ConnEvent::LoginFailed { .. }));
    let events = chat.events();
    assert!(events.iter().any(is_refusal) && !events.iter().any(is_failure), "{events:?}");
    for _ in 0..5 {
        chat.say(conn, "AUTHENTICATE PLAIN");
        chat.say(conn, &plain("alice", "guess"));
    }
    let is_delay =
        |event: &Event| matches!(event, Event::Conn(_, ConnEvent::Delayed { attempt: Attempt::Login, .. }));
    assert!(chat.events().iter().any(is_delay));
}
