//! Nobody keeps the name of an account that is not his, even if he had it first.

use chat_proto::name::Nick;

use crate::state::State;
use crate::tx::Tx;

/// Gives another nick to whoever goes by the name of an account without being logged in to it.
pub fn make_way(tx: &mut Tx<'_>, account: &Nick) {
    let state = tx.state();
    let Some((id, holder)) = state.user_named(account.as_str()) else { return };
    if holder.account.as_ref().is_some_and(|own| own.fold() == account.fold()) {
        return;
    }
    if let Some(nick) = free_nick(state) {
        tx.rename(id, nick);
    }
}

/// One that nobody has, and that is neither an account's or a known login's nor looks like one. As many are tried as could be taken.
fn free_nick(state: &State) -> Option<Nick> {
    let most = state.users.len() + state.accounts.len() + state.logins.len() + 1;
    let is_free = |nick: &Nick| {
        state.user_id(nick.as_str()).is_none()
            && state.accounts.named(nick.as_str()).is_none()
            && !state.is_reserved(nick)
            && state.look_alike(nick.as_str()).is_none()
    };
    (1..=most).filter_map(|number| Nick::new(&format!("guest{number}")).ok()).find(is_free)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Chat, credentials};
    use crate::{AdminCommand, Origin, Peer, Policy};

    #[test]
    fn who_has_the_name_of_a_new_account_loses_it() {
        let mut chat = Chat::new();
        let (carol, bob) = (chat.join("Carol"), chat.join("guest1"));
        for conn in [carol, bob] {
            chat.say(conn, "JOIN #here");
        }
        chat.hear_all();
        let (name, credentials) = (String::from("carol"), Box::new(credentials("secret")));
        chat.ask(AdminCommand::AddAccount { name, credentials, login: false });
        assert_eq!(chat.heard(carol), [":Carol!~Carol@host.example NICK guest2"]);
        assert_eq!(chat.heard(bob), [":Carol!~Carol@host.example NICK guest2"]);
        assert!(chat.say(carol, "NICK carol")[0].contains(" 433 "));
    }

    #[test]
    fn a_renamed_guest_gets_no_logins_name() {
        let mut chat = Chat::new();
        let carol = chat.join("carol");
        let login = chat.log_in("guest1");
        chat.say(login, "QUIT");
        chat.add_account("guest2", "sesame");
        chat.add_account("guestE", "sesame");
        let (name, credentials) = (String::from("carol"), Box::new(credentials("secret")));
        chat.ask(AdminCommand::AddAccount { name, credentials, login: false });
        assert_eq!(chat.heard(carol).last().unwrap(), ":carol!~carol@host.example NICK guest3");
    }

    #[test]
    fn a_login_gets_its_name_from_whoever_has_it() {
        let mut chat = Chat::with(Policy { reserve_logins: false, ..Policy::default() });
        let guest = chat.join("alice");
        let origin = Origin::Unix { uid: 1000, pid: None, login: "alice".parse().ok() };
        let peer = Peer { origin, host: "host".into(), guests: true, secure: true, certificate: None };
        let alice = chat.connect_from(peer);
        let told = chat.register(alice, "alice");
        assert!(told.iter().any(|line| line.contains(" 001 alice ")), "{told:?}");
        assert!(chat.heard(guest).iter().any(|line| line.ends_with(" NICK guest1")));
    }
}
