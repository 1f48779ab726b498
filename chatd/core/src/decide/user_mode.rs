//! MODE for users.

use chat_proto::numeric::{ERR_NOSUCHNICK, ERR_UMODEUNKNOWNFLAG, ERR_USERSDONTMATCH, RPL_UMODEIS};

use crate::event::UserEvent;
use crate::mode::UserModes;
use crate::tx::{Caller, Tx};

use super::check::word;

pub fn mode(tx: &mut Tx<'_>, caller: Caller, target: &str, modes: Option<&str>) {
    match tx.state().user_id(target) {
        None => return tx.numeric(ERR_NOSUCHNICK, format_args!("{} :No such nick", word(target))),
        Some(id) if id != caller.user => {
            return tx
                .numeric(ERR_USERSDONTMATCH, format_args!(":Cannot change or view the modes of others"));
        }
        Some(_) => {}
    }
    let Some(current) = tx.state().user(caller.user).map(|user| user.modes) else { return };
    let Some(modes) = modes else {
        let letters: String = current.letters().collect();
        return tx.numeric(RPL_UMODEIS, format_args!("+{letters}"));
    };
    let (wanted, unknown) = changed(current, modes);
    if unknown {
        tx.numeric(ERR_UMODEUNKNOWNFLAG, format_args!(":Unknown MODE flag"));
    }
    if wanted != current {
        tx.emit_user(caller.user, UserEvent::ModesSet { modes: wanted });
    }
}

/// What users may change of `current`, changed; and whether a letter isn't known.
fn changed(current: UserModes, modes: &str) -> (UserModes, bool) {
    let (mut wanted, mut unknown, mut on) = (current, false, true);
    for letter in modes.chars() {
        match (letter, UserModes::from_letter(letter)) {
            ('+', _) => on = true,
            ('-', _) => on = false,
            (_, None) => unknown = true,
            (_, Some(mode)) if UserModes::OWN.contains(mode) => wanted.set(mode, on),
            (_, Some(UserModes::OPERATOR)) if !on => wanted.remove(UserModes::OPERATOR),
            (_, Some(_)) => {}
        }
    }
    (wanted, unknown)
}
