//! Logging in against the server's end of SCRAM, and against servers that are not what they should be.

use chat_proto::message::Message;
use chat_proto::sasl::{Challenge, ClientFirst, Reassembly, ScramError, ScramKeys, frames};

use crate::secret::Secret;
use crate::session::{Entry, Lock, Session, Way, What};

const PASSWORD: &str = "correct horse";

fn session(mechanisms: &str, way: Way) -> Session {
    let mut session = Session::new("anna", "anna");
    session.enter_by(Entry::Password(Secret::from(PASSWORD)));
    session.set_way(way);
    session.open();
    assert_eq!(sent(&mut session), ["CAP LS 302"], "the name may be in use by ourselves");
    hear(&mut session, &format!(":s CAP * LS :sasl={mechanisms}"));
    hear(&mut session, ":s CAP * ACK :sasl");
    session
}

fn hear(session: &mut Session, line: &str) {
    session.receive(&Message::parse(line).unwrap());
}

fn sent(session: &mut Session) -> Vec<String> {
    session.outgoing().iter().map(|line| line.trim_end().to_owned()).collect()
}

fn last_word(session: &mut Session) -> Option<What> {
    session.events().pop().map(|event| event.what)
}

/// What the client says by AUTHENTICATE, decoded.
fn said(session: &mut Session) -> Vec<u8> {
    let line = sent(session).pop().expect("a line");
    let piece = line.strip_prefix("AUTHENTICATE ").expect("AUTHENTICATE");
    Reassembly::default().take(piece).expect("base64").expect("a whole message").to_vec()
}

fn answer(session: &mut Session, message: &str) {
    for piece in frames(message.as_bytes()) {
        hear(session, &format!("AUTHENTICATE {}", *piece));
    }
}

/// Goes on to where the server has to prove itself.
fn challenged(password: &str) -> (Session, Result<String, ScramError>) {
    let mut session = session("EXTERNAL,PLAIN,SCRAM-SHA-256", Way::Tls);
    assert_eq!(sent(&mut session), ["CAP REQ :sasl", "AUTHENTICATE SCRAM-SHA-256"]);
    hear(&mut session, "AUTHENTICATE +");
    let first = ClientFirst::parse(&said(&mut session)).expect("a first message");
    let keys = ScramKeys::derive(password, b"salt", 4096);
    let (challenge, message): (Challenge, String) = first.challenge(keys, "nonce");
    answer(&mut session, &message);
    let proof = challenge.verify(&said(&mut session));
    (session, proof)
}

#[test]
fn it_proves_the_password_lets_the_server_prove_it_and_then_comes_in() {
    let (mut session, proof) = challenged(PASSWORD);
    answer(&mut session, &proof.expect("the right proof"));
    assert_eq!(sent(&mut session), ["AUTHENTICATE +"]);
    hear(&mut session, ":s 900 * *!*@* anna :You are now logged in as anna");
    hear(&mut session, ":s 903 * :SASL authentication successful");
    assert_eq!(sent(&mut session), ["NICK anna", "USER anna 0 * :anna", "CAP END"]);
    assert_eq!(last_word(&mut session), Some(What::LoggedIn { account: "anna".into() }));
}

#[test]
fn a_wrong_password_is_told_and_so_is_how_long_to_wait() {
    for (reason, why, wait) in [
        ("the proof is wrong", Lock::WrongPassword, None),
        ("too many attempts, try again in 8 seconds", Lock::TooFast, Some(8)),
    ] {
        let (mut session, proof) = challenged("another");
        assert!(proof.is_err());
        hear(&mut session, &format!(":s 904 * :SASL authentication failed: {reason}"));
        let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
        assert_eq!((locked.name.as_str(), locked.why, locked.wait), ("anna", why, wait));
        assert_eq!(locked.reason, reason);
    }
}

#[test]
fn a_server_that_does_not_know_the_password_itself_gets_nothing_more() {
    for line in ["AUTHENTICATE dj1BQUFB", ":s 903 * :fine", "AUTHENTICATE *"] {
        let (mut session, _) = challenged(PASSWORD);
        hear(&mut session, line);
        let Some(What::Closed { reason, last: true }) = last_word(&mut session) else { panic!("{line}") };
        assert!(reason.contains("may be another than it should be"), "{reason}");
        assert!(sent(&mut session).is_empty());
    }
}

#[test]
fn the_password_itself_is_told_only_where_nobody_can_listen() {
    let mut plain = session("PLAIN", Way::Tls);
    assert_eq!(sent(&mut plain).pop().unwrap(), "AUTHENTICATE PLAIN");
    hear(&mut plain, "AUTHENTICATE +");
    assert_eq!(said(&mut plain), b"\0anna\0correct horse");
    for mut refused in
        [session("PLAIN", Way::Open), session("PLAIN", Way::Loopback), session("EXTERNAL", Way::Tls)]
    {
        assert!(matches!(last_word(&mut refused), Some(What::Closed { last: true, .. })));
    }
}

#[test]
fn the_name_of_an_account_is_a_door_that_its_password_opens() {
    let mut session = Session::new("anna", "anna");
    session.open();
    hear(&mut session, ":s CAP * LS :sasl=PLAIN");
    hear(&mut session, ":s 433 * anna :Nickname is reserved for the account anna");
    let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
    assert_eq!((locked.why, locked.name.as_str()), (Lock::Account, "anna"));
    session.open();
    hear(&mut session, ":s CAP * LS :batch");
    hear(&mut session, ":s 433 * anna :Nickname is already in use");
    assert!(matches!(last_word(&mut session), Some(What::Closed { last: true, .. })));
}

#[test]
fn where_no_guests_are_let_in_an_account_is_made_before_coming_in() {
    let mut session = Session::new("anna", "anna");
    session.set_way(Way::Tls);
    session.open();
    hear(&mut session, ":s CAP * LS :sasl=PLAIN draft/account-registration=before-connect,email-required");
    hear(&mut session, ":s FAIL * ACCOUNT_REQUIRED :Log in to an account by SASL, or make one");
    hear(&mut session, "ERROR :Closing link: Guests may not come in this way, only users with an account");
    let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
    assert_eq!((locked.why, locked.registers, locked.email_required), (Lock::AccountsOnly, true, true));
    let email = Some("a@b.example".to_owned());
    session.lost();
    session.enter_by(Entry::Register { email, password: Secret::from(PASSWORD) });
    session.open();
    hear(&mut session, ":s CAP * LS :draft/account-registration=before-connect");
    hear(&mut session, ":s CAP * ACK :draft/account-registration");
    assert_eq!(sent(&mut session).pop().unwrap(), "REGISTER * a@b.example :correct horse");
    hear(&mut session, ":s REGISTER SUCCESS anna :Account made");
    assert_eq!(sent(&mut session), ["CAP END"]);
    session.events();
    hear(&mut session, ":s 001 anna :Welcome");
    assert!(session.events().is_empty());
    session.lost();
    session.open();
    assert_eq!(sent(&mut session), ["CAP LS 302"], "it logs in by itself from now on");
}

fn certified(otherwise: Option<&str>, mechanisms: &str) -> Session {
    let mut session = Session::new("anna", "anna");
    session.enter_by(Entry::Certificate { otherwise: otherwise.map(Secret::from) });
    session.set_way(Way::Tls);
    session.open();
    hear(&mut session, &format!(":s CAP * LS :sasl={mechanisms}"));
    hear(&mut session, ":s CAP * ACK :sasl");
    session
}

#[test]
fn a_certificate_logs_in_to_the_account_of_our_name_and_no_other() {
    let mut session = certified(None, "EXTERNAL,PLAIN");
    assert_eq!(sent(&mut session), ["CAP LS 302", "CAP REQ :sasl", "AUTHENTICATE EXTERNAL"]);
    hear(&mut session, "AUTHENTICATE +");
    assert_eq!(said(&mut session), b"anna");
    hear(&mut session, ":s 903 * :SASL authentication successful");
    assert_eq!(sent(&mut session), ["NICK anna", "USER anna 0 * :anna", "CAP END"]);
}

#[test]
fn where_the_certificate_does_not_log_in_the_password_does_or_nothing() {
    let mut session = certified(Some(PASSWORD), "EXTERNAL,SCRAM-SHA-256");
    sent(&mut session);
    hear(&mut session, "AUTHENTICATE +");
    hear(&mut session, ":s 904 * :SASL authentication failed: no account has this certificate");
    assert_eq!(sent(&mut session).pop().unwrap(), "AUTHENTICATE SCRAM-SHA-256");
    for mechanisms in ["EXTERNAL,PLAIN", "PLAIN"] {
        let mut session = certified(None, mechanisms);
        sent(&mut session);
        hear(&mut session, ":s 904 * :SASL authentication failed: no account has this certificate");
        let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
        assert_eq!((locked.why, locked.name.as_str()), (Lock::Certificate, "anna"));
        assert!(sent(&mut session).is_empty(), "it doesn't come in as somebody else");
    }
}

#[test]
fn a_server_that_asks_everybody_for_its_password_gets_it_where_nobody_can_listen() {
    let mut session = Session::new("anna", "anna");
    session.enter_by(Entry::Password(Secret::from(PASSWORD)));
    for why in [Lock::ServerPassword, Lock::WrongServerPassword] {
        session.set_way(Way::Tls);
        session.open();
        hear(&mut session, ":s 464 anna :Password incorrect");
        hear(&mut session, "ERROR :Closing link: Password incorrect");
        let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
        assert_eq!(locked.why, why);
        session.lost();
        session.give_server_password(Secret::from("for all of us"));
    }
    session.open();
    assert_eq!(sent(&mut session), ["CAP LS 302", "PASS :for all of us"], "and logs in as before");
    session.lost();
    session.set_way(Way::Open);
    session.open();
    assert_eq!(sent(&mut session), ["CAP LS 302"]);
    hear(&mut session, ":s 464 anna :Password incorrect");
    let Some(What::Closed { reason, last: true }) = last_word(&mut session) else { panic!() };
    assert!(reason.contains("without TLS none is sent"), "{reason}");
}

#[test]
fn another_name_is_still_the_same_account_after_a_break() {
    let mut session = session("PLAIN", Way::Tls);
    hear(&mut session, "AUTHENTICATE +");
    hear(&mut session, ":s 903 * :SASL authentication successful");
    hear(&mut session, ":anna!a@h NICK anna_at_lunch");
    session.lost();
    session.open();
    hear(&mut session, ":s CAP * LS :sasl=PLAIN");
    hear(&mut session, ":s CAP * ACK :sasl");
    hear(&mut session, "AUTHENTICATE +");
    assert_eq!(said(&mut session), b"\0anna\0correct horse");
}

#[test]
fn a_server_that_makes_the_password_easy_to_guess_gets_no_proof() {
    let mut session = session("SCRAM-SHA-256", Way::Loopback);
    hear(&mut session, "AUTHENTICATE +");
    let first = ClientFirst::parse(&said(&mut session)).expect("a first message");
    let (_, message) = first.challenge(ScramKeys::derive(PASSWORD, b"salt", 4095), "nonce");
    answer(&mut session, &message);
    let Some(What::Closed { reason, last: true }) = last_word(&mut session) else { panic!() };
    assert!(reason.contains("could be guessed"), "{reason}");
    assert!(sent(&mut session).is_empty());
}

#[test]
fn no_server_makes_us_wait_for_ever() {
    let (mut session, _) = challenged("another");
    hear(&mut session, &format!(":s 904 * :too many attempts, try again in {} seconds", u64::MAX));
    let Some(What::Locked(locked)) = last_word(&mut session) else { panic!() };
    assert_eq!(locked.wait, Some(3600));
}

#[test]
fn a_server_that_lets_us_in_without_the_login_that_we_want_is_left() {
    let mut session = session("SCRAM-SHA-256", Way::Open);
    sent(&mut session);
    hear(&mut session, ":s 001 anna :Welcome");
    let Some(What::Closed { reason, last: true }) = last_word(&mut session) else { panic!() };
    assert!(reason.contains("didn't check the password"), "{reason}");
    hear(&mut session, ":s 376 anna :End");
    assert!(sent(&mut session).is_empty());
}

#[test]
fn no_account_is_ours_because_the_server_says_so_unasked() {
    let mut session = Session::new("anna", "anna");
    session.set_way(Way::Tls);
    session.open();
    hear(&mut session, ":s 001 anna :Welcome");
    session.events();
    for line in [":s REGISTER SUCCESS evil :Account made", ":s PASSWD SUCCESS evil :Password set"] {
        hear(&mut session, line);
        assert!(matches!(last_word(&mut session), Some(What::Info { .. })), "{line}");
    }
}

#[test]
fn no_password_is_in_its_debugging_output() {
    let (session, _) = challenged(PASSWORD);
    assert!(!format!("{session:?}").contains("horse"));
}
