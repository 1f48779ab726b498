//! PING and PONG.

use chat_proto::message::Message;
use chat_proto::numeric::{ERR_NEEDMOREPARAMS, ERR_NOORIGIN};

use crate::id::ConnId;
use crate::tx::Tx;

use super::{check, history};

pub fn ping(tx: &mut Tx<'_>, _: ConnId, message: &Message) {
    match message.param(0) {
        None => tx.numeric(ERR_NEEDMOREPARAMS, format_args!("PING :Not enough parameters")),
        Some("") => tx.numeric(ERR_NOORIGIN, format_args!(":No origin specified")),
        Some(token) => {
            let rest = "PONG  :".len() + tx.state().policy.server_name.len() + token.len();
            if !check::answer_fits(tx, rest) {
                return;
            }
            let (state, mut to) = tx.responder();
            to.server_line(format_args!("PONG {} :{token}", state.policy.server_name));
        }
    }
}

/// That it was heard is noted with every line.
pub fn pong(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    history::answered_ping(tx, conn, message);
}

#[cfg(test)]
mod tests {
    use crate::testing::Chat;

    #[test]
    fn a_token_that_no_answer_has_room_for_is_refused() {
        let mut chat = Chat::new();
        let alice = chat.join("alice");
        let longest = "x".repeat(512 - ":chat.local PONG chat.local :\r\n".len());
        assert_eq!(
            chat.say(alice, &format!("PING {longest}")),
            [format!(":chat.local PONG chat.local :{longest}")]
        );
        assert!(chat.say(alice, &format!("PING {longest}x"))[0].contains(" 417 "));
    }
}
