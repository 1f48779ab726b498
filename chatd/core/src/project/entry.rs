//! Entries of the history, as those saw them who were there.

use std::fmt::Write as _;

use chat_proto::caps::Caps;
use chat_proto::tag;

use crate::event::SaidKind;
use crate::history::{Deed, Entry, Party, Place};
use crate::id::MessageId;
use crate::state::State;
use crate::time::Timestamp;

use super::line::Tags;
use super::multiline::Multiline;

/// What has tags alone is for those only who take all that there is.
const NEEDED_FOR_TAGS: Caps = Caps::EVENT_PLAYBACK.union(Caps::MESSAGE_TAGS);

/// Who entries are shown to.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    pub state: &'a State,
    pub caps: Caps,
    pub party: &'a Party,
    /// The reference of the batch that they are in.
    pub batch: Option<&'a str>,
}

impl Viewer<'_> {
    /// Appends the whole lines of an entry; none if they are not for this viewer.
    pub fn show(&self, entry: &Entry, out: &mut String) {
        match &entry.deed {
            Deed::Said { kind: SaidKind::Tagmsg, .. } if !self.caps.contains(NEEDED_FOR_TAGS) => {}
            Deed::Said { kind: SaidKind::Tagmsg, to, tags, .. } => {
                self.line(entry, tags, out, |line| line.extend(["TAGMSG ", to]));
            }
            Deed::Said { kind, to, tags, text, .. } if text.is_multiline() => {
                let Some(id) = entry.id else { return };
                let message = Multiline { command: kind.command(), target: to, text, id, within: self.batch };
                message.write(self.caps, out, &entry.source, |line, id| self.begin(entry, id, tags, line));
                out.push_str("\r\n");
            }
            Deed::Said { kind, to, tags, text, .. } => {
                self.line(entry, tags, out, |line| {
                    line.extend([kind.command(), " ", to, " :", text.as_str()]);
                });
            }
            _ if self.caps.contains(Caps::EVENT_PLAYBACK) => self.show_event(entry, out),
            _ => {}
        }
    }

    fn show_event(&self, entry: &Entry, out: &mut String) {
        let name = match entry.place {
            Place::Channel(id) => self.state.channel(id).map(|channel| channel.name.as_str()),
            Place::Pair(..) => None,
        };
        let Some(name) = name else { return };
        self.line(entry, "", out, |line| {
            let _ = match &entry.deed {
                Deed::Said { .. } => Ok(()),
                Deed::Joined => self.join(entry, name, line),
                Deed::Parted { reason: None } => write!(line, "PART {name}"),
                Deed::Parted { reason: Some(reason) } => write!(line, "PART {name} :{reason}"),
                Deed::Left { reason } => write!(line, "QUIT :{reason}"),
                Deed::Kicked { nick, reason } => write!(line, "KICK {name} {nick} :{reason}"),
                Deed::NickChanged { nick } => write!(line, "NICK {nick}"),
                Deed::TopicSet { topic } => write!(line, "TOPIC {name} :{topic}"),
                Deed::ModesChanged { changes } => write!(line, "MODE {name} {changes}"),
            };
        });
    }

    /// The real name of that time isn't kept; the nick stands where extended-join wants one.
    fn join(&self, entry: &Entry, channel: &str, line: &mut String) -> std::fmt::Result {
        if !self.caps.contains(Caps::EXTENDED_JOIN) {
            return write!(line, "JOIN {channel}");
        }
        let account = entry.account.as_ref().map_or("*", |account| account.as_str());
        let nick = entry.source.split('!').next().unwrap_or_default();
        write!(line, "JOIN {channel} {account} :{nick}")
    }

    fn line(&self, entry: &Entry, client_tags: &str, out: &mut String, write: impl FnOnce(&mut String)) {
        self.begin(entry, entry.id, client_tags, out);
        write(out);
        out.push_str("\r\n");
    }

    /// Writes the tags and the source.
    fn begin(&self, entry: &Entry, id: Option<MessageId>, client_tags: &str, out: &mut String) {
        let mut tags = Tags::new(out);
        if let Some(batch) = self.batch {
            tags.next().extend(["batch=", batch]);
        }
        tags.server_tags(self.caps, &format!("time={}", Timestamp(entry.at)), id);
        if self.caps.contains(Caps::ACCOUNT_TAG)
            && let Some(account) = &entry.account
        {
            tags.next().extend(["account=", account.as_str()]);
        }
        if self.caps.contains(Caps::MESSAGE_TAGS) && !client_tags.is_empty() {
            tags.next().push_str(client_tags);
        }
        if let Deed::Said { client_id: Some(id), .. } = &entry.deed
            && self.caps.contains(Caps::CLIENT_ID)
            && entry.author() == *self.party
        {
            tags.next().extend([tag::CLIENT_ID, "=", id]);
        }
        tags.end();
        out.extend([":", &entry.source, " "]);
    }
}
