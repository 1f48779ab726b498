//! QUIT.

use chat_proto::message::Message;

use crate::event::Ending;
use crate::id::ConnId;
use crate::reply::shortened;
use crate::tx::Tx;

/// Bytes of a quit reason that always fit into the line that others see.
const REASON_MAX: usize = 300;

pub fn quit(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let reason = message.param(0).filter(|reason| !reason.is_empty());
    let words = reason.map(|reason| format!("Quit: {}", shortened(reason, REASON_MAX)));
    tx.disconnect(conn, Ending::Quit, words.as_deref().unwrap_or("Quit"));
}
