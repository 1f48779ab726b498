//! Services: who is told something finds out which of them it was, and is answered by a notice.

use chat_proto::message::Message;

use crate::service::Service;
use crate::tx::{Caller, Tx};

use super::{nickserv, talk};

/// A private message to a service.
pub fn told(tx: &mut Tx<'_>, caller: Caller, service: Service, message: &Message) {
    let text = message.param(1).unwrap_or_default();
    match service {
        Service::NickServ => nickserv::told(tx, caller, text, message),
        Service::TalkServ => talk::told(tx, caller, text),
    }
}

/// A notice of a service's to the client whose turn it is.
pub fn say(tx: &mut Tx<'_>, service: Service, text: &str) {
    let (_, to) = tx.responder();
    to.replies.line(|line| service.notice(line, to.server, to.client, format_args!("{text}")));
}
