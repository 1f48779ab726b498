//! What the user means and sees: stands between the typed line, the session and the screen. No input or output.

mod account;
mod commands;
mod dialog;
mod fold;
mod greet;
mod help;
mod past;
mod prompt;
mod talk;
#[cfg(test)]
mod tests;
mod typed;
mod waiting;

use std::collections::BTreeSet;
use std::mem;

use chat_proto::name::Folded;
use chat_proto::text::harmless_json;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::client::dialog::Dialog;
use crate::client::fold::Fold;
use crate::client::prompt::{Prompted, Prompts};
use crate::client::talk::Talking;
use crate::input::Request;
use crate::line::{Line, Style};
use crate::notify::{self, Notifier, Ways};
use crate::places::Places;
use crate::render::{Renderer, View, gist};
use crate::session::{Deed, Event, How, Session, Talk, What, is_channel};
use crate::trust::Fingerprint;
use crate::ui::Show;
use crate::words::Words;

/// How it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub times: bool,
    pub notify: Ways,
    /// The terminal is tmux's.
    pub tmux: bool,
    /// Many who come and go share a line.
    pub fold: bool,
    pub json: bool,
    /// There is a prompt: it asks the questions, and a command vanishes with it and is shown again.
    pub prompt: bool,
}

#[derive(Debug)]
pub struct Client {
    pub session: Session,
    manner: Manner,
    renderer: Renderer,
    notifier: Notifier,
    fold: Fold,
    here: Option<String>,
    prompts: Prompts,
    /// What the prompt said that the present line was begun behind.
    prompted: Prompted,
    /// The channel that we want to be in, once the server lets us.
    going: Option<String>,
    ignored: BTreeSet<Folded>,
    talking: Talking,
    asking: Option<Request>,
    /// Questions about passwords; those that came up while a line was typed wait for the next prompt.
    dialog: Option<Dialog>,
    enters: bool,
    wrong: u32,
    /// Why the server has ended the last connection, until it lets us in again.
    turned_away: Option<String>,
    failure: Option<String>,
    /// The host that the server is on, unless it is this one.
    server: Option<String>,
    /// What this host calls itself.
    host: Option<String>,
    /// The certificate that the server sees.
    certificate: Option<Fingerprint>,
    interrupts: u32,
    /// The user has seen what is shown, and others may be told not before.
    seen: bool,
    marked: Option<Timestamp>,
    /// Where we are, for the next time.
    places: Option<Places>,
    /// It is the first time.
    is_new: bool,
    /// The connection broke, and isn't back.
    is_returning: bool,
    /// How wide the terminal is, if it is one.
    columns: Option<usize>,
    leaving: bool,
    farewell: Option<String>,
    shows: Vec<Show>,
}

impl Client {
    pub fn new(session: Session, manner: Manner, zone: TimeZone) -> Self {
        Self {
            session,
            manner,
            renderer: Renderer::new(zone),
            notifier: Notifier::new(manner.notify, manner.tmux),
            fold: Fold::default(),
            here: None,
            prompts: Prompts::default(),
            prompted: Prompted::default(),
            going: None,
            ignored: BTreeSet::new(),
            talking: Talking::default(),
            asking: None,
            dialog: None,
            enters: false,
            wrong: 0,
            turned_away: None,
            failure: None,
            server: None,
            host: None,
            certificate: None,
            interrupts: 0,
            seen: false,
            marked: None,
            places: None,
            is_new: false,
            is_returning: false,
            columns: None,
            leaving: false,
            farewell: None,
            shows: Vec::new(),
        }
    }

    /// Tells where the server is, for those who are to come back from elsewhere.
    #[must_use]
    pub fn at(self, server: Option<String>) -> Self {
        Self { server, ..self }
    }

    /// Tells what this host calls itself.
    #[must_use]
    pub fn on(self, host: Option<String>) -> Self {
        Self { host, ..self }
    }

    /// Tells which certificate the server sees.
    #[must_use]
    pub fn showing(self, certificate: Option<Fingerprint>) -> Self {
        Self { certificate, ..self }
    }

    /// Has it note which channels we are in.
    #[must_use]
    pub fn remembering(self, places: Option<Places>) -> Self {
        Self { places, ..self }
    }

    /// Tells how wide the terminal is at the moment.
    pub fn fits(&mut self, columns: Option<usize>) {
        self.columns = columns;
    }

    /// Takes what the session has to tell.
    pub fn heard(&mut self, now: Timestamp) {
        self.session.tick(now);
        self.note_break();
        self.mark_seen(now);
        for event in self.session.events() {
            if let Some(places) = &mut self.places {
                places.follow(&event.what);
            }
            if self.is_ignored(&event.what) {
                continue;
            }
            self.follow(&event.what);
            let leaves = self.is_leaving_talk(&event.what);
            if let Some(event) = self.keep(event, now) {
                self.tell(event, now);
            }
            if leaves {
                self.leave_talk(now);
            }
        }
        self.ask_next();
        self.unfold_in_time(now);
        if self.going.is_some() && !self.session.is_moving() {
            self.going = None;
        }
        self.note_places();
    }

    fn note_places(&mut self) {
        if let Some(Err(error)) = self.places.as_mut().map(Places::save) {
            self.places = None;
            self.complain(&format!("where you are is not remembered for the next time: {error}"));
        }
    }

    /// Says something of its own accord, such as that it is trying to connect again.
    pub fn remark(&mut self, text: &str) {
        self.print(Line::of(Style::Dim, text));
    }

    pub fn shows(&mut self) -> Vec<Show> {
        mem::take(&mut self.shows)
    }

    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// What to say when leaving, which is when all that was said before has arrived.
    pub fn farewell(&self) -> Option<&str> {
        self.farewell.as_deref()
    }

    pub fn words(&self) -> Words {
        Words {
            partner: self.session.contact().filter(|name| !self.ignored.contains(&Folded::new(name))),
            people: self.session.people(),
            channels: self.session.channels().map(str::to_owned).collect(),
        }
    }

    fn is_ignored(&self, what: &What) -> bool {
        match what {
            What::Said { from, own: false, .. }
            | What::Invited { by: from, .. }
            | What::Talk(Talk {
                deed: Deed::Request | Deed::Cancel | Deed::Timeout,
                own: false,
                with: from,
                ..
            }) => self.ignored.contains(&Folded::new(from)),
            _ => false,
        }
    }

    /// Keeps track of where we are.
    fn follow(&mut self, what: &What) {
        let is =
            |place: &Option<String>, name: &str| place.as_ref().is_some_and(|p| p.eq_ignore_ascii_case(name));
        match what {
            What::Joined { channel, own: true, .. } if self.here.is_none() || is(&self.going, channel) => {
                self.here = Some(channel.clone());
            }
            What::Talk(talk) => self.follow_talk(talk),
            What::Renamed { from, to, .. } => self.rename_partner(from, to),
            What::Locked(locked) => self.locked(locked),
            What::Welcome { .. } => (self.wrong, self.turned_away) = (0, None),
            What::Registered { account } => self.registered(account),
            What::PasswordSet { account } => self.password_set(account),
            What::Left { channel, own: true, .. } | What::Kicked { channel, own: true, .. }
                if is(&self.here, channel) =>
            {
                let lobby = self.session.lobby().filter(|lobby| self.session.is_in(lobby));
                self.here = lobby.or_else(|| self.session.channels().next()).map(str::to_owned);
            }
            _ => {}
        }
    }

    /// The server ends each attempt to come back for the same reason.
    fn is_turned_away_again(&mut self, what: &What) -> bool {
        let What::Closed { reason, .. } = what else { return false };
        self.turned_away.replace(reason.clone()).as_ref() == Some(reason)
    }

    fn show(&mut self, event: &Event, now: Timestamp) {
        if self.manner.json {
            let json = serde_json::to_string(event).unwrap_or_default();
            return self.print_json(&json);
        }
        // Why we have to go is the program's last word.
        if matches!(event.what, What::Closed { last: true, .. }) {
            return;
        }
        if self.is_known(&event.what) || self.is_turned_away_again(&event.what) {
            return;
        }
        if let What::Welcome { name, again: false, .. } = &event.what
            && self.greet(name)
        {
            return;
        }
        let here = self.place().map(str::to_owned);
        let view = view(&self.session, here.as_deref(), self.manner);
        let lines = self.renderer.lines(event, view, now);
        self.call_for(event, now);
        self.shows.extend(lines.into_iter().map(Show::Line));
    }

    /// Where words go: to whom we talk with, or else to the channel.
    fn place(&self) -> Option<&str> {
        self.partner().or(self.here.as_deref())
    }

    /// Calls the user, if it is worth that.
    fn call_for(&mut self, event: &Event, now: Timestamp) {
        // Who talks need not be told that there are words.
        let is_led = event.said_in().is_some_and(|(place, _)| self.partner() == Some(place));
        if !event.past && !is_led && notify::is_urgent(&event.what, self.session.nick()) {
            let view = view(&self.session, self.here.as_deref(), self.manner);
            let is_request = notify::is_request(&event.what);
            let call = self.notifier.call(&gist(&event.what, view), is_request, now);
            self.shows.extend(call.map(Show::Notify));
        }
    }

    fn say_here(&mut self, text: &str, how: How) {
        self.in_place(|client, here| client.say(here, text, how));
    }

    /// Acts where the prompt said, or not at all: another session of ours, a kick, or the end of a conversation may have moved us
    /// since.
    fn in_place(&mut self, act: impl FnOnce(&mut Self, &str)) {
        let place = self.place().map(str::to_owned);
        match (self.prompted.place.clone(), place) {
            (Some(prompted), place) if place.as_ref() != Some(&prompted) => {
                let why = match self.partner() {
                    Some(partner) => format!("you talk with {partner} now"),
                    None if is_channel(&prompted) => format!("you are no longer in {prompted}"),
                    None => format!("you no longer talk with {prompted}"),
                };
                let prompt = if self.manner.prompt { "; see the prompt" } else { "" };
                self.complain(&format!("nothing was done: {why}{prompt}"));
            }
            (_, Some(place)) => act(self, &place),
            (_, None) => {
                self.complain("you are in no channel; <join> #NAME goes to one, <private> NAME talks to one");
            }
        }
    }

    /// The same in the channel, which is still there while we talk.
    fn in_channel(&mut self, act: impl FnOnce(&mut Self, &str)) {
        self.in_place(|client, place| match client.here.clone() {
            Some(here) => act(client, &here),
            None => client.complain(&format!("you are in no channel, only with {place}")),
        });
    }

    fn say(&mut self, to: &str, text: &str, how: How) {
        if !self.session.say(to, text, how) {
            self.complain(&format!(
                "not sent: that is too much at once, {} lines may wait",
                crate::session::WAITING_MAX
            ));
        } else if !self.session.is_ready() {
            self.print(Line::of(Style::Dim, "kept until the connection is back: ").text(Style::Plain, text));
        }
    }

    /// Says that something is wrong.
    pub fn complain(&mut self, text: &str) {
        self.print_as("complaint", Line::of(Style::Error, text));
    }

    fn print(&mut self, line: Line) {
        self.print_as("remark", line);
    }

    /// With `--json` what isn't an event is an object, too.
    fn print_as(&mut self, event: &str, line: Line) {
        if self.manner.json {
            let object = serde_json::json!({ "event": event, "text": line.plain() });
            return self.print_json(&object.to_string());
        }
        self.shows.push(Show::Line(line));
    }

    fn print_json(&mut self, json: &str) {
        self.shows.push(Show::Line(Line::of(Style::Plain, &harmless_json(json))));
    }
}

/// From where the user looks at it.
fn view<'a>(session: &'a Session, here: Option<&'a str>, manner: Manner) -> View<'a> {
    View { me: session.nick(), here, times: manner.times, guest: session.reads_as_guest() }
}
