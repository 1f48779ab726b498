//! QUIT.

use chat_proto::message::Message;

use crate::id::ConnId;
use crate::reply::shortened;
use crate::tx::Tx;

/// Bytes of a quit reason that always fit into the line that others see.
const REASON_MAX: usize = 300;

pub fn quit(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    match message.param(0).filter(|reason| !reason.is_empty()) {
        Some(reason) => tx.disconnect(conn, &format!("Quit: {}", shortened(reason, REASON_MAX))),
        None => tx.disconnect(conn, "Quit"),
    }
}
