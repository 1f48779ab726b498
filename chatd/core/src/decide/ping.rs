//! PING and PONG.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_NEEDMOREPARAMS, ERR_NOORIGIN};

use crate::id::ConnId;
use crate::tx::Tx;

pub fn ping(tx: &mut Tx<'_>, _: ConnId, message: &Message) {
    match message.param(0) {
        None => tx.numeric(ERR_NEEDMOREPARAMS, format_args!("PING :Not enough parameters")),
        Some("") => tx.numeric(ERR_NOORIGIN, format_args!(":No origin specified")),
        Some(token) => {
            let (state, mut to) = tx.responder();
            to.server_line(format_args!("PONG {} :{token}", state.policy.server_name));
        }
    }
}

/// Nothing to do: that it was heard is noted with every line.
pub fn pong(_: &mut Tx<'_>, _: ConnId, _: &Message) {}
