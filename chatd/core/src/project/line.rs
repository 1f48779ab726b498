//! How a user's line begins: its tags and its source.

use std::fmt::{self, Write as _};

use chat_proto::caps::Caps;
use chat_proto::name::Nick;

use crate::id::MessageId;
use crate::state::User;

/// The user in whose name a line is shown.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    pub user: &'a User,
    pub time_tag: &'a str,
}

impl Author<'_> {
    /// Writes `@tags :nick!ident@host args`.
    pub fn line(&self, caps: Caps, line: &mut String, args: fmt::Arguments<'_>) {
        self.tagged_line(caps, line, None, "", args);
    }

    /// As [`Author::line`], with a message's id and client-only tags.
    pub fn tagged_line(
        &self,
        caps: Caps,
        line: &mut String,
        id: Option<MessageId>,
        client_tags: &str,
        args: fmt::Arguments<'_>,
    ) {
        let mut tags = Tags { line, any: false };
        tags.server_tags(caps, self.time_tag, id);
        if caps.contains(Caps::ACCOUNT_TAG) {
            tags.account(self.user.account.as_ref());
        }
        if caps.contains(Caps::MESSAGE_TAGS) {
            if self.user.is_bot() {
                tags.add(format_args!("bot"));
            }
            if !client_tags.is_empty() {
                tags.add(format_args!("{client_tags}"));
            }
        }
        tags.end();
        let _ = write!(line, ":{} {args}", self.user.source());
    }
}

/// Writes a line of the server's own: `@tags :server args`.
pub fn server_line(caps: Caps, line: &mut String, time_tag: &str, server: &str, args: fmt::Arguments<'_>) {
    let mut tags = Tags { line, any: false };
    tags.server_tags(caps, time_tag, None);
    tags.end();
    let _ = write!(line, ":{server} {args}");
}

struct Tags<'a> {
    line: &'a mut String,
    any: bool,
}

impl Tags<'_> {
    fn server_tags(&mut self, caps: Caps, time_tag: &str, id: Option<MessageId>) {
        if caps.contains(Caps::SERVER_TIME) {
            self.add(format_args!("{time_tag}"));
        }
        if caps.contains(Caps::MESSAGE_TAGS)
            && let Some(id) = id
        {
            self.add(format_args!("msgid={id}"));
        }
    }

    fn account(&mut self, account: Option<&Nick>) {
        if let Some(account) = account {
            self.add(format_args!("account={account}"));
        }
    }

    fn add(&mut self, tag: fmt::Arguments<'_>) {
        self.line.push(if std::mem::replace(&mut self.any, true) { ';' } else { '@' });
        let _ = self.line.write_fmt(tag);
    }

    fn end(self) {
        if self.any {
            self.line.push(' ');
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_base36(f, self.start)?;
        f.write_char('-')?;
        write_base36(f, self.number)
    }
}

fn write_base36(f: &mut fmt::Formatter<'_>, mut number: u64) -> fmt::Result {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut text = [0; 13];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = DIGITS[usize::try_from(number % 36).unwrap_or(0)];
        number /= 36;
        if number == 0 {
            break;
        }
    }
    f.write_str(std::str::from_utf8(&text[at..]).unwrap_or_default())
}
