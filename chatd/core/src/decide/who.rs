use crate::tx::{Caller, Tx};
use chat_proto::message::Message;
pub fn who(_: &mut Tx<'_>, _: Caller, _: &Message) {}
