//! How a user's line begins: its tags and its source.

use std::fmt::{self, Write as _};

use chat_proto::caps::Caps;

use crate::event::Byline;
use crate::id::MessageId;
use crate::state::{Presence, User};

use super::presence_tags;

/// The user in whose name a line is shown.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    pub user: &'a User,
    pub time_tag: &'a str,
}

impl Author<'_> {
    /// Writes `@tags :nick!ident@host args`.
    pub fn line(&self, caps: Caps, line: &mut String, args: fmt::Arguments<'_>) {
        self.begin(caps, line, None, "");
        let _ = line.write_fmt(args);
    }

    /// Writes the AWAY line that tells whether the user can be reached.
    pub fn presence(&self, caps: Caps, line: &mut String, presence: Presence<'_>) {
        let mut tags = self.tags(caps, line, None, "");
        presence_tags(caps, &mut tags, presence, false);
        tags.end();
        self.source(line);
        line.push_str("AWAY");
        if let Some(text) = presence.status.text() {
            line.extend([" :", &text]);
        }
    }

    /// Writes `@tags :nick!ident@host `, with a message's id and client-only tags among the tags.
    pub fn begin(&self, caps: Caps, line: &mut String, id: Option<MessageId>, client_tags: &str) {
        self.tags(caps, line, id, client_tags).end();
        self.source(line);
    }

    fn tags<'l>(
        &self,
        caps: Caps,
        line: &'l mut String,
        id: Option<MessageId>,
        client_tags: &str,
    ) -> Tags<'l> {
        let mut tags = Tags::new(line);
        tags.server_tags(caps, self.time_tag, id);
        if caps.contains(Caps::ACCOUNT_TAG)
            && let Some(account) = &self.user.account
        {
            tags.next().extend(["account=", account.as_str()]);
        }
        if caps.contains(Caps::MESSAGE_TAGS) {
            if self.user.is_bot() {
                tags.next().push_str("bot");
            }
            if !client_tags.is_empty() {
                tags.next().push_str(client_tags);
            }
        }
        tags
    }

    fn source(&self, line: &mut String) {
        let User { nick, ident, host, .. } = self.user;
        line.extend([":", nick.as_str(), "!", ident, "@", host, " "]);
    }
}

/// Writes `@tags :source args`, whatever has become of the user since.
pub fn byline_line(byline: &Byline, caps: Caps, line: &mut String, time_tag: &str, args: fmt::Arguments<'_>) {
    let mut tags = Tags::new(line);
    tags.server_tags(caps, time_tag, None);
    if let Some(account) = byline.account.as_ref().filter(|_| caps.contains(Caps::ACCOUNT_TAG)) {
        tags.next().extend(["account=", account.as_str()]);
    }
    tags.end();
    let _ = write!(line, ":{} {args}", byline.source);
}

/// Writes a line of the server's own: `@tags :server args`.
pub fn server_line(caps: Caps, line: &mut String, time_tag: &str, server: &str, args: fmt::Arguments<'_>) {
    let mut tags = Tags::new(line);
    tags.server_tags(caps, time_tag, None);
    tags.end();
    let _ = write!(line, ":{server} {args}");
}

/// The tags at the beginning of a line.
pub struct Tags<'a> {
    line: &'a mut String,
    any: bool,
}

impl<'a> Tags<'a> {
    pub fn new(line: &'a mut String) -> Self {
        Self { line, any: false }
    }

    pub fn server_tags(&mut self, caps: Caps, time_tag: &str, id: Option<MessageId>) {
        if caps.contains(Caps::SERVER_TIME) {
            self.next().push_str(time_tag);
        }
        if caps.contains(Caps::MESSAGE_TAGS)
            && let Some(id) = id
        {
            let _ = write!(self.next(), "msgid={id}");
        }
    }

    /// The line, ready for one more tag.
    pub fn next(&mut self) -> &mut String {
        self.line.push(if std::mem::replace(&mut self.any, true) { ';' } else { '@' });
        self.line
    }

    pub fn end(self) {
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
