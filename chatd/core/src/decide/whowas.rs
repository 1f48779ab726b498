use crate::tx::{Caller, Tx};
use chat_proto::message::Message;
pub fn whowas(_: &mut Tx<'_>, _: Caller, _: &Message) {}
