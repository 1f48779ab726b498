//! What a user types: text to say, or a command in angle brackets or with a slash.

mod parse;
mod slip;
mod suggest;
mod table;

pub use parse::{Indent, Request, Typed, begun, is_command, parse, unknown, without_secrets};
pub use slip::bare_private;
pub use table::{BRIEF, Group, NAME, Spec, TABLE, Verb, find};
