//! What who asks about a user is told of its presence.

use chat_proto::numeric::RPL_AWAY;
use compact_str::format_compact;

use crate::id::UserId;
use crate::reply::Responder;
use crate::state::{State, User};
use crate::tx::Tx;

/// Tells whose command it is that the user cannot be reached, if that is so.
pub fn tell(tx: &mut Tx<'_>, id: UserId) {
    let (state, mut to) = tx.responder();
    if let Some(user) = state.user(id) {
        answer(state, &mut to, user);
    }
}

pub fn answer(state: &State, to: &mut Responder<'_>, user: &User) {
    if let Some(text) = state.presence(user).text() {
        to.text(RPL_AWAY, &format_compact!("{} :", user.nick), &text);
    }
}
