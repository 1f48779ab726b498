//! Who may read what.

use chat_proto::name::{Folded, Nick};
use compact_str::CompactString;

use crate::event::Ranks;
use crate::history::{Deed, Entry, Party, Place};
use crate::id::{ChannelId, ConnId, UserId};
use crate::state::{Channel, OwnerChange, State, User};

use super::super::check::word;
use super::super::join;

/// A session's user, as far as what it may read goes: the channels that it is in, and what it wrote with others.
#[derive(Debug)]
pub struct Reader<'a> {
    state: &'a State,
    id: UserId,
    user: &'a User,
    on_errand: bool,
}

/// A place that somebody may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    pub place: Place,
    /// Nothing from before that time, in milliseconds since the Unix epoch.
    pub since: u64,
    /// The place to look at if there is nothing in that one: a name that nobody here goes by may have been a guest's.
    pub or_else: Option<Place>,
}

impl<'a> Reader<'a> {
    pub fn new(state: &'a State, conn: ConnId) -> Option<Self> {
        let (id, user) = state.user_of(conn)?;
        Some(Self { state, id, user, on_errand: join::is_on_errand(state, conn) })
    }

    pub fn party(&self) -> Party {
        self.user.party()
    }

    pub fn channels(&self) -> Vec<ChannelId> {
        self.user.channels.iter().copied().collect()
    }

    /// The place of that name. `None` alike if there is none and if the user may not read it.
    pub fn place(&self, target: &str) -> Option<Readable> {
        if target.starts_with('#') {
            let (channel, room) = self.state.channel_named(target)?;
            let place = Place::Channel(channel);
            let readable = Readable { place, since: self.channels_since(), or_else: None };
            return Some(readable).filter(|_| self.may_read(channel, room));
        }
        let name = Nick::new(target).ok()?.fold();
        let with = |other: Party| Place::pair(self.party(), other);
        let (place, or_else) = match known_party(self.state, &name) {
            Some(party) => (with(party), None),
            None => (with(Party::Account(name.clone())), Some(with(Party::Guest(name)))),
        };
        Some(Readable { place, since: self.pairs_since(), or_else })
    }

    /// The name of a place that the user may read as the channel has it; a nick as it was asked for.
    pub fn written(&self, target: &str) -> CompactString {
        if let Some((_, room)) = self.state.channel_named(target) {
            return room.name.as_str().into();
        }
        word(target).into()
    }

    /// Its members; and those with an account who are on an errand in the lobby, where everybody may be whom it lets in.
    fn may_read(&self, id: ChannelId, room: &Channel) -> bool {
        let from_outside = || room.lobby && self.on_errand && self.user.account.is_some();
        let is_let_in = || join::refusal(id, room, self.user, None).is_none();
        self.user.channels.contains(&id) || from_outside() && is_let_in()
    }

    /// Guests begin with their arrival, whatever was said before.
    pub fn channels_since(&self) -> u64 {
        if self.user.account.is_some() { 0 } else { self.user.since }
    }

    /// Another guest may have had a guest's nick, and another person an account of that name.
    pub fn pairs_since(&self) -> u64 {
        // In the same millisecond another may still have had it.
        let Some(account) = &self.user.account else { return self.user.named_since + 1 };
        let made = self.state.accounts.named(account.as_str()).filter(|account| !account.login);
        // A login comes to an account whether there is an entry for it or not, and may come to another person's.
        // Within the millisecond of a change numbers decide; the first databases had none.
        let owned_since = self.owner_change().map_or(0, |change| change.at + u64::from(change.message == 0));
        made.map_or(owned_since, |account| account.created_at)
    }

    fn owner_change(&self) -> Option<&OwnerChange> {
        self.state.owner_changes.get(&self.user.account.as_ref()?.fold())
    }

    /// Whether the user, and nobody who had the name before, wrote an entry.
    pub fn is_author(&self, entry: &Entry) -> bool {
        entry.author() == self.user.party() && !self.is_of_former_owner(entry)
    }

    fn is_of_former_owner(&self, entry: &Entry) -> bool {
        self.owner_change().is_some_and(|change| {
            let number =
                entry.id.filter(|id| id.start == self.state.next_message().start).map(|id| id.number);
            number.map_or(entry.at <= change.at, |number| number <= change.message)
        })
    }

    /// Whether the user may see an entry, now that it was found.
    pub fn may_see(&self, entry: &Entry) -> bool {
        self.is_of_its_time(entry)
            && match &entry.place {
                Place::Channel(id) => {
                    let room = self.state.channel(*id);
                    room.is_some_and(|room| self.may_read(*id, room) && self.is_meant(room, entry))
                }
                Place::Pair(..) => self.may_read_pair(&entry.place, entry.at),
            }
    }

    /// The host's clock may have gone back since it was said: what a guest may read has a later number, too.
    fn is_of_its_time(&self, entry: &Entry) -> bool {
        let floor = match &entry.place {
            Place::Channel(_) => self.user.since_message,
            Place::Pair(..) => self.user.named_since_message,
        };
        if self.user.account.is_some() {
            return matches!(entry.place, Place::Channel(_)) || !self.is_of_former_owner(entry);
        }
        let start = self.state.next_message().start;
        entry.id.is_none_or(|id| id.start != start || id.number > floor)
    }

    /// What is asked about all places at once may have been said before the user's time.
    fn may_read_pair(&self, place: &Place, at: u64) -> bool {
        matches!(place, Place::Pair(one, other) if [one, other].contains(&&self.party()))
            && at >= self.pairs_since()
    }

    /// What was said to those with a rank only is for them, and for who said it.
    fn is_meant(&self, room: &Channel, entry: &Entry) -> bool {
        let Deed::Said { to, .. } = &entry.deed else { return true };
        let wanted = match to.as_bytes().first() {
            Some(b'@') => Ranks::OPERATOR,
            Some(b'+') => Ranks::all(),
            _ => return true,
        };
        let own = self.user.account.is_some() && self.is_author(entry);
        own || room.ranks(self.id).is_some_and(|ranks| ranks.intersects(wanted))
    }
}

/// Who goes by that name: who is here, or the account that somebody has.
fn known_party(state: &State, name: &Folded) -> Option<Party> {
    let here = state.user_named(name.as_str()).map(|(_, user)| user.party());
    here.or_else(|| state.accounts.named(name.as_str()).map(|account| Party::Account(account.name.fold())))
}

/// The name of a place for somebody who may read what was said there at that time.
pub fn name_for(state: &State, reader: &Reader<'_>, place: &Place, at: u64) -> Option<String> {
    match place {
        Place::Channel(id) => {
            let room = state.channel(*id).filter(|room| reader.may_read(*id, room))?;
            Some(room.name.to_string())
        }
        Place::Pair(one, other) => {
            let own = reader.party();
            let other = if *one == own { other } else { one };
            reader.may_read_pair(place, at).then(|| name_of(state, other))
        }
    }
}

/// The name by which others write to a party.
fn name_of(state: &State, party: &Party) -> String {
    let (Party::Account(name) | Party::Guest(name)) = party;
    let here = state.user_named(name.as_str()).filter(|(_, user)| user.party() == *party);
    let account = || state.accounts.named(name.as_str()).map(|account| &account.name);
    here.map(|(_, user)| &user.nick)
        .or_else(account)
        .map_or_else(|| name.as_str().to_owned(), ToString::to_string)
}
