use crate::tx::{Caller, Tx};
use chat_proto::message::Message;
pub fn monitor(_: &mut Tx<'_>, _: Caller, _: &Message) {}
