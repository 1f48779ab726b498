//! Messages for those who are not here: an account's wait for its return.

use chat_proto::name::Nick;
use chat_proto::numeric::{ERR_NOSUCHNICK, RPL_AWAY};
use compact_str::CompactString;

use crate::event::{SaidKind, Speaking, Target, Wait, Who};
use crate::id::{ConnId, UserId};
use crate::mailbox::{Full, Mailbox};
use crate::output::Job;
use crate::state::State;
use crate::tx::{Caller, Tx};

use super::super::check::word;
use super::super::login_uid;
use super::Speech;

impl Speech<'_, '_, '_> {
    /// Nobody goes by that nick now.
    pub(super) fn say_to_absent(&mut self, name: &str) {
        let state = self.tx.state();
        let named = Nick::new(name).ok().filter(|_| self.kind != SaidKind::Tagmsg);
        let Some(nick) = named else { return self.no_such_nick(name) };
        if let Some(who) = under_another_nick(state, &nick) {
            return self.say_to_user(who.nick.as_str());
        }
        match state.accounts.named(name) {
            Some(account) if account.suspended.is_none() => {
                let account = account.name.clone();
                self.keep_for(&account);
            }
            None if state.is_reserved(&nick) && state.login_uids.contains_key(&nick.fold()) => {
                self.keep_for(&nick);
            }
            None if state.policy.reserve_logins => self.look_up(nick),
            _ => self.no_such_nick(name),
        }
    }

    fn no_such_nick(&mut self, name: &str) {
        self.error(ERR_NOSUCHNICK, &format!("{} :No such nick", word(name)));
    }

    /// A login of this host has an account, whether it was ever here or not. Messages are kept for the uid that it has now.
    fn look_up(&mut self, nick: Nick) {
        let speaking = Speaking {
            to: nick.clone(),
            rest: self.rest.into(),
            kind: self.kind,
            text: self.text.into(),
            tags: self.tags.as_str().into(),
            client_id: self.client_id.clone(),
            label: self.tx.label().map(CompactString::from),
        };
        let conn = self.caller.conn;
        self.tx.wait(conn, Wait::Speaking(Box::new(speaking)), Job::LookUpLogin { name: nick });
    }

    fn keep_for(&mut self, account: &Nick) {
        if let Err(full) = room_for(self.tx.state(), self.caller.user, account) {
            let of = match full {
                Full::Whole => "",
                Full::Share => " from you",
            };
            let why = format!("{account} :{account} is not here, and no more messages{of} are kept for them");
            return self.error(ERR_NOSUCHNICK, &why);
        }
        let said = self.tx.state().messages();
        self.emit(Target::Absent(account.clone()));
        if self.kind == SaidKind::Privmsg && self.tx.state().messages() > said {
            let what = "is not here; they will be shown it when they return";
            self.tx.numeric(RPL_AWAY, format_args!("{account} :{account} {what}"));
        }
    }
}

/// Goes on with what somebody was saying when somebody unknown was to be told.
pub fn looked_up(tx: &mut Tx<'_>, conn: ConnId, speaking: &Speaking, (is_login, uid): (bool, Option<u32>)) {
    let Speaking { to, rest, kind, text, tags, client_id, .. } = speaking;
    if is_login && let Some(uid) = uid {
        login_uid::recognise(tx, to, uid);
    }
    let Some((user, _)) = tx.state().user_of(conn) else { return };
    let is_known =
        tx.state().user_id(to.as_str()).is_some() || tx.state().accounts.named(to.as_str()).is_some();
    let tags = tags.to_string();
    let (caller, client_id) = (Caller { conn, user }, client_id.clone());
    let mut speech = Speech { tx, caller, kind: *kind, text: text.as_str(), tags, rest, client_id };
    if speech.was_said(to.as_str()) {
        // By another session, meanwhile.
        return;
    }
    match (is_known, is_login) {
        // Came meanwhile.
        (true, _) => speech.say_to_user(to.as_str()),
        (false, true) => speech.keep_for(to),
        (false, false) => speech.no_such_nick(to.as_str()),
    }
    speech.say_to_all(rest);
}

/// Whether one more of the user's messages can wait for the account.
pub(super) fn room_for(state: &State, author: UserId, account: &Nick) -> Result<(), Full> {
    let Some(user) = state.user(author) else { return Err(Full::Whole) };
    let empty = Mailbox::default();
    let mailbox = state.undelivered.get(&account.fold()).unwrap_or(&empty);
    mailbox.has_room(&user.party(), state.policy.limits.undelivered)
}

/// The user who is logged in to an account and goes by another name.
fn under_another_nick(state: &State, account: &Nick) -> Option<Who> {
    if state.policy.nick_equals_account {
        return None;
    }
    let is_it = |own: &Option<Nick>| own.as_ref().is_some_and(|own| own.fold() == account.fold());
    let (id, _) = state.users.iter().find(|(_, user)| is_it(&user.account))?;
    state.who(id)
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_login_that_is_known_is_not_looked_up() {
        let mut chat = Chat::new();
        let (carol, bob) = (chat.log_in("carol"), chat.join("bob"));
        chat.say(carol, "QUIT");
        chat.put_off_jobs();
        assert!(chat.say(bob, "PRIVMSG Carol :hello")[0].contains(" 301 bob Carol :"));
        assert!(chat.say(bob, "PRIVMSG dan :hello").is_empty(), "it is looked up");
    }
}
