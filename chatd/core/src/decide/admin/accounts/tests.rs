use crate::testing::{Chat, credentials};
use crate::{AdminAnswer, AdminCommand, ConnId, Origin, Peer};
use chat_proto::admin::{Account, Error};

fn local(chat: &mut Chat, login: &str) -> ConnId {
    let origin = Origin::Unix { uid: 1000, pid: None, login: login.parse().ok() };
    let conn = chat.connect_from(Peer {
        origin,
        host: "host".into(),
        guests: true,
        secure: true,
        certificate: None,
    });
    chat.register(conn, login);
    conn
}

fn add(chat: &mut Chat, name: &str) -> AdminAnswer {
    let credentials = Box::new(credentials("sesame"));
    chat.ask(AdminCommand::AddAccount { name: name.into(), credentials, login: false })
}

fn suspend(chat: &mut Chat, name: &str, login: bool) -> AdminAnswer {
    let reason = Some(String::from("holidays"));
    chat.ask(AdminCommand::SuspendAccount { name: name.into(), reason, login })
}

fn accounts(chat: &mut Chat) -> Vec<Account> {
    match chat.ask(AdminCommand::Accounts) {
        AdminAnswer::Accounts(accounts) => accounts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn accounts_are_made_listed_and_removed() {
    let mut chat = Chat::new();
    assert_eq!(add(&mut chat, "Anna"), AdminAnswer::Done);
    assert_eq!(add(&mut chat, "anna"), AdminAnswer::Refused(Error::AccountExists { name: "anna".into() }));
    assert!(matches!(add(&mut chat, "4th"), AdminAnswer::Refused(Error::InvalidName { .. })));
    let [anna] = accounts(&mut chat).try_into().unwrap();
    assert!(anna.name == "Anna" && anna.password && !anna.login && anna.sessions == 0);
    let remove = |name: &str| AdminCommand::RemoveAccount { name: name.into(), login: false };
    let suggestion = Some(String::from("Anna"));
    assert_eq!(
        chat.ask(remove("anne")),
        AdminAnswer::Refused(Error::NoSuchAccount { name: "anne".into(), suggestion })
    );
    assert_eq!(chat.ask(remove("anna")), AdminAnswer::PutOut { sessions: 0 });
    assert_eq!(accounts(&mut chat), []);
}

#[test]
fn a_suspended_login_is_put_out_and_stays_out_until_it_is_resumed() {
    let mut chat = Chat::new();
    let bob = local(&mut chat, "bob");
    chat.hear_all();
    assert_eq!(suspend(&mut chat, "bob", true), AdminAnswer::PutOut { sessions: 1 });
    assert_eq!(chat.heard(bob), ["ERROR :Closing link: Suspended: holidays"]);
    let bob = local(&mut chat, "bob");
    assert!(chat.is_closed(bob));
    let resume = || AdminCommand::ResumeAccount { name: "bob".into() };
    assert_eq!(chat.ask(resume()), AdminAnswer::Done);
    assert!(matches!(chat.ask(resume()), AdminAnswer::Refused(Error::NotSuspended { .. })));
    let bob = local(&mut chat, "bob");
    assert!(!chat.is_closed(bob));
}

#[test]
fn an_unknown_account_is_not_suspended_but_told() {
    let mut chat = Chat::new();
    assert!(matches!(suspend(&mut chat, "nobody", false), AdminAnswer::Refused(Error::NoSuchAccount { .. })));
}

/// A session of a login from elsewhere, by its password.
fn remote(chat: &mut Chat, name: &str) -> ConnId {
    let origin = Origin::Tls { address: ([192, 0, 2, 7], 50_000).into() };
    let conn = chat.connect_from(Peer {
        origin,
        host: "host".into(),
        guests: false,
        secure: true,
        certificate: None,
    });
    chat.say(conn, "AUTHENTICATE PLAIN");
    let message = format!("\0{name}\0sesame");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, message);
    assert!(chat.say(conn, &format!("AUTHENTICATE {encoded}"))[0].contains(" 900 "));
    conn
}

#[test]
fn who_came_by_the_password_goes_when_it_is_changed_or_removed_and_the_login_itself_stays() {
    let mut chat = Chat::new();
    for remove in [false, true] {
        let credentials = || Box::new(credentials("sesame"));
        let name = || String::from("bob");
        chat.ask(AdminCommand::SetPassword { name: name(), credentials: credentials(), login: true });
        let local = local(&mut chat, "bob");
        let (complete, incomplete) = (remote(&mut chat, "bob"), remote(&mut chat, "bob"));
        chat.register(complete, "bob");
        chat.ask(match remove {
            true => AdminCommand::RemoveAccount { name: name(), login: false },
            false => AdminCommand::SetPassword { name: name(), credentials: credentials(), login: true },
        });
        assert!(chat.is_closed(complete) && chat.is_closed(incomplete) && !chat.is_closed(local));
    }
}

#[test]
fn one_account_is_shown_whole_and_a_login_without_an_entry_too() {
    let mut chat = Chat::new();
    chat.add_account("carol", "sesame");
    suspend(&mut chat, "carol", false);
    let mut show = |name: &str, login| chat.ask(AdminCommand::ShowAccount { name: name.into(), login });
    let AdminAnswer::Account(carol) = show("CAROL", false) else { panic!("no account") };
    assert!(carol.created_at.is_some() && carol.password && !carol.login);
    assert_eq!(carol.suspended.map(|suspension| suspension.by), Some("root".into()));
    let AdminAnswer::Account(bob) = show("bob", true) else { panic!("no login") };
    assert!(bob.login && !bob.password && bob.created_at.is_none());
    assert!(matches!(show("nobody", false), AdminAnswer::Refused(Error::NoSuchAccount { .. })));
}
