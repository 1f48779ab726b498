use crate::testing::{Chat, credentials};
use crate::{AdminAnswer, AdminCommand, Fingerprint, Policy};

const WITH_HISTORY: &str =
    "batch server-time message-tags draft/chathistory draft/message-redaction echo-message";

fn host() -> Chat {
    let mut chat = Chat::new();
    chat.logins = vec!["alice", "bob", "carol"];
    chat
}

/// Alice's login is removed from the host and made anew for another person.
fn make_login_anew(chat: &mut Chat) {
    chat.login_uid = 1001;
}

fn remove(chat: &mut Chat, name: &str, login: bool) -> AdminAnswer {
    chat.ask(AdminCommand::RemoveAccount { name: name.into(), login })
}

#[test]
fn new_owner_reads_no_private_messages_of_the_former_one() {
    let mut chat = host();
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.say(bob, "PRIVMSG alice :for the first alice");
    chat.say(alice, "QUIT");
    chat.say(bob, "PRIVMSG alice :waits for the first alice");
    make_login_anew(&mut chat);
    let alice = chat.log_in("alice");
    chat.say(alice, &format!("CAP REQ :{WITH_HISTORY}"));
    let page = chat.say(alice, "CHATHISTORY LATEST bob * 10");
    assert!(!page.iter().any(|line| line.contains("first alice")), "{page:?}");
    assert_eq!(chat.core().state().undelivered.len(), 0);
}

#[test]
fn clock_set_back_does_not_show_former_messages() {
    let mut chat = host();
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.pass(3_600_000);
    chat.say(bob, "PRIVMSG alice :for the first alice");
    chat.say(alice, "QUIT");
    chat.set_clock(crate::testing::START);
    make_login_anew(&mut chat);
    let alice = chat.log_in("alice");
    chat.say(alice, &format!("CAP REQ :{WITH_HISTORY}"));
    let page = chat.say(alice, "CHATHISTORY LATEST bob * 10");
    assert!(!page.iter().any(|line| line.contains("first alice")), "{page:?}");
}

#[test]
fn new_owner_has_no_rank_and_cannot_redact_former_messages() {
    let mut chat = host();
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.say(alice, "JOIN #x");
    chat.say(alice, "PRIVMSG #x :by the first alice");
    let message = chat.core().state().next_message();
    let id = crate::MessageId { number: message.number - 1, ..message };
    chat.say(bob, "JOIN #x");
    chat.say(alice, "QUIT");
    make_login_anew(&mut chat);
    let alice = chat.log_in("alice");
    chat.say(alice, &format!("CAP REQ :{WITH_HISTORY}"));
    let joined = chat.say(alice, "JOIN #x");
    assert!(!joined.iter().any(|line| line.contains("@alice")), "{joined:?}");
    let refused = chat.say(alice, &format!("REDACT #x {id}"));
    assert!(refused[0].contains("REDACT_FORBIDDEN"), "{refused:?}");
}

#[test]
fn new_owner_ends_the_former_sessions() {
    let mut chat = host();
    let former = chat.log_in("alice");
    chat.hear_all();
    make_login_anew(&mut chat);
    let alice = chat.log_in("alice");
    assert_eq!(chat.heard(former), ["ERROR :Closing link: This login is another person's now"]);
    assert!(chat.say(alice, "PRIVMSG alice :hello")[0].starts_with(":alice!"));
}

#[test]
fn former_password_and_certificate_stop_working() {
    let mut chat = host();
    chat.log_in("alice");
    let added = AdminCommand::AddAccount {
        name: "alice".into(),
        credentials: Box::new(credentials("sesame")),
        login: true,
    };
    assert_eq!(chat.ask(added), AdminAnswer::Done);
    chat.certify("alice", Fingerprint([7; 32]));
    make_login_anew(&mut chat);
    let from_elsewhere = chat.connect();
    chat.say(from_elsewhere, "NICK anybody");
    let refused = chat.say(from_elsewhere, "PASS alice:sesame");
    assert!(!refused.iter().any(|line| line.contains(" 900 ")), "{refused:?}");
    chat.log_in("alice");
    let accounts = &chat.core().state().accounts;
    assert!(accounts.is_empty() && accounts.certified(&Fingerprint([7; 32])).is_none());
}

#[test]
fn messages_for_a_login_wait_for_the_uid_it_had() {
    let mut chat = host();
    let bob = chat.log_in("bob");
    chat.say(bob, "PRIVMSG carol :for the first carol");
    assert_eq!(chat.core().state().undelivered.len(), 1);
    chat.login_uid = 1001;
    chat.say(bob, "PRIVMSG alice :for the new alice");
    let carol = chat.log_in("carol");
    assert_eq!(chat.core().state().undelivered.len(), 1);
    chat.say(bob, "PRIVMSG carol :for the new carol");
    chat.say(carol, &format!("CAP REQ :{WITH_HISTORY}"));
    let page = chat.say(carol, "CHATHISTORY LATEST bob * 10");
    assert!(page.iter().any(|line| line.contains("for the new carol")), "{page:?}");
    assert!(!page.iter().any(|line| line.contains("first carol")), "{page:?}");
}

#[test]
fn same_uid_keeps_everything() {
    let mut chat = host();
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.say(alice, "JOIN #x");
    chat.say(bob, "JOIN #x");
    chat.say(alice, "QUIT");
    chat.say(bob, "PRIVMSG alice :waits");
    let alice = chat.log_in("alice");
    let joined = chat.say(alice, "JOIN #x");
    assert!(joined.iter().any(|line| line.contains("@alice")), "{joined:?}");
    assert!(chat.core().state().owner_changes.is_empty());
}

#[test]
fn renumbered_login_stays_the_same_person() {
    let mut policy = Policy { renumbered_logins: true, ..Policy::default() };
    policy.lobby.auto_join = false;
    let mut chat = Chat::with(policy);
    let (alice, bob) = (chat.log_in("alice"), chat.log_in("bob"));
    chat.say(alice, "JOIN #x");
    chat.say(bob, "JOIN #x");
    chat.say(alice, "QUIT");
    chat.login_uid = 1001;
    let alice = chat.log_in("alice");
    let joined = chat.say(alice, "JOIN #x");
    assert!(joined.iter().any(|line| line.contains("@alice")), "{joined:?}");
    assert_eq!(
        chat.core().state().login_uids.get(&"alice".parse::<chat_proto::name::Nick>().unwrap().fold()),
        Some(&1001)
    );
}

#[test]
fn suspension_outlives_a_change_of_owner() {
    let mut chat = host();
    chat.log_in("alice");
    let suspend = AdminCommand::SuspendAccount { name: "alice".into(), reason: None, login: true };
    assert_eq!(chat.ask(suspend), AdminAnswer::PutOut { sessions: 1 });
    make_login_anew(&mut chat);
    let alice = chat.log_in("alice");
    assert!(chat.core().state().sessions.get(alice).is_none());
}

#[test]
fn account_remove_works_for_any_login() {
    let mut chat = host();
    let alice = chat.log_in("alice");
    chat.say(alice, "JOIN #x");
    assert_eq!(remove(&mut chat, "alice", true), AdminAnswer::PutOut { sessions: 0 });
    assert!(chat.core().state().sessions.get(alice).is_some(), "the kernel vouches for the session");
    chat.log_in("bob");
    assert_eq!(remove(&mut chat, "bob", false), AdminAnswer::PutOut { sessions: 1 }, "gone from the host");
    assert_eq!(remove(&mut chat, "carol", true), AdminAnswer::PutOut { sessions: 0 }, "never here");
    assert!(matches!(remove(&mut chat, "dave", false), AdminAnswer::Refused(_)), "neither login nor account");
    assert!(chat.core().state().login_uids.is_empty());
}
