use crate::tx::{Caller, Tx};
use chat_proto::message::Message;
pub fn kill(_: &mut Tx<'_>, _: Caller, _: &Message) {}
pub fn oper(_: &mut Tx<'_>, _: Caller, _: &Message) {}
pub fn wallops(_: &mut Tx<'_>, _: Caller, _: &Message) {}
pub fn password_checked(_: &mut Tx<'_>, _: crate::id::ConnId, _: compact_str::CompactString, _: bool) {}
