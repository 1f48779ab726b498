//! The person behind a login of the host. A name that comes back under another uid is another person's: the former one's
//! private messages, ranks and credentials are not theirs.

use chat_proto::name::Nick;

use crate::event::{AccountEvent, Event};
use crate::tx::Tx;

use super::admin;

const REASON: &str = "This login is another person's now";

/// Compares the uid of a login with the one it had before. Ends the former owner's sessions if they differ.
pub fn recognise(tx: &mut Tx<'_>, login: &Nick, uid: u32) {
    let state = tx.state();
    match state.login_uids.get(&login.fold()) {
        Some(known) if *known == uid => {}
        Some(known) if !state.policy.renumbered_logins => {
            let event = AccountEvent::OwnerChanged { former_uid: *known, uid };
            tx.emit(Event::Account(login.clone(), event));
            admin::end_sessions_of(tx, login, REASON);
        }
        _ => tx.emit(Event::Account(login.clone(), AccountEvent::LoginBound { uid })),
    }
}

#[cfg(test)]
mod tests;
