//! What a user types: text to say, or a command in angle brackets or with a slash.

mod parse;
mod table;

pub use parse::{Request, Typed, is_command, parse, without_secrets};
pub use table::{Spec, TABLE, Verb, find};
