use crate::tx::{Caller, Tx};
use chat_proto::message::Message;
pub fn whois(_: &mut Tx<'_>, _: Caller, _: &Message) {}
