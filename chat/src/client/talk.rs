//! Conversations, as the user sees them: asked for, answered, led, ended; and people picked by number.

use chat_proto::name::{Folded, same};
use jiff::Timestamp;

use crate::client::Client;
use crate::client::waiting::{Channel, Waiting, waits};
use crate::input::Request;
use crate::line::{Line, Style};
use crate::render::question;
use crate::session::{Deed, Event, Status, Talk, User, What, is_channel};

const NONE: &str = "you are in no conversation";

/// What there is of conversations.
#[derive(Debug, Default)]
pub(super) struct Talking {
    /// The one that is led here.
    led: Option<Conversation>,
    /// The question that was shown last.
    asked: Option<String>,
    /// Waits for the list to pick from.
    picking: Option<Request>,
    /// The names of the last list, which may be picked by their numbers.
    listed: Vec<String>,
}

#[derive(Debug)]
struct Conversation {
    partner: String,
    waiting: Waiting,
}

impl Client {
    /// With whom we talk here.
    pub(super) fn partner(&self) -> Option<&str> {
        self.talking.led.as_ref().map(|led| led.partner.as_str())
    }

    /// Whether the next prompt has to wait for the server's answer.
    pub fn is_moving(&self) -> bool {
        self.session.is_moving() || self.talking.picking.is_some()
    }

    /// Gives up waiting for it.
    pub fn stop_moving(&mut self) {
        self.session.stop_moving();
        self.talking.picking = None;
    }

    /// Who is to be answered first. Nobody is told of those who are ignored.
    pub(super) fn asked_by(&self) -> Option<&str> {
        let is_heard = |name: &&String| !self.ignored.contains(&Folded::new(name));
        self.session.asked_by().iter().find(is_heard).map(String::as_str)
    }

    /// Asks for a conversation, after it was picked with whom.
    pub(super) fn talk(&mut self, name: &str) {
        if self.partner().is_some_and(|partner| same(partner, name)) {
            return self.complain(&format!("you talk with {name}; <end> leaves the conversation"));
        }
        if self.can_talk() && self.is_name(name) {
            self.session.ask_to_talk(name);
        }
    }

    /// Shows who can be asked, and asks which of them.
    pub(super) fn pick(&mut self, request: Request) {
        if self.can_talk() {
            self.talking.picking = Some(request);
            self.session.ask_users();
        }
    }

    fn can_talk(&mut self) -> bool {
        let can = self.session.has_talk();
        if !can {
            self.complain("this server has no conversations; <private> NAME is what there is");
        }
        can
    }

    pub(super) fn answer(&mut self, name: Option<&str>, yes: bool) {
        let Some(name) = name.or(self.asked_by()).map(str::to_owned) else {
            return self.complain("nobody has asked you to talk");
        };
        match yes {
            true => self.session.accept_talk(&name),
            false => self.session.decline_talk(&name),
        }
    }

    pub(super) fn cancel(&mut self, name: Option<&str>) {
        if self.session.asking().is_empty() {
            return self.complain("you have asked nobody to talk");
        }
        self.session.cancel_talk(name);
    }

    pub(super) fn end(&mut self) {
        if self.session.partner().is_some() {
            self.session.end_talk();
        } else if self.session.asking().is_empty() {
            self.complain(NONE);
        } else {
            self.complain(&format!("{NONE} yet; <cancel> takes back what you asked"));
        }
    }

    /// Takes `yes` and `no` behind a prompt that came after the question.
    pub(super) fn is_answer(&mut self, line: &str) -> bool {
        let Some(name) = self.prompted.question.clone() else { return false };
        let yes = match line.trim().to_ascii_lowercase().as_str() {
            "yes" | "y" => true,
            "no" | "n" => false,
            _ => return false,
        };
        self.print(question(&name).text(Style::Dim, " ").text(Style::Dim, line.trim()));
        if self.session.asked_by().iter().any(|asking| same(asking, &name)) {
            self.answer(Some(&name), yes);
        } else {
            self.complain(&format!("nothing was done: {name} no longer waits for an answer"));
        }
        true
    }

    /// Takes the words that ended a conversation in the programs of old, and the one that left them.
    pub(super) fn is_old_word(&mut self, line: &str) -> bool {
        let word = line.trim();
        let leaves = word == "LOGOUT";
        if !(leaves || word.eq_ignore_ascii_case("@end") || word.eq_ignore_ascii_case("exit pm")) {
            return false;
        }
        let talks =
            self.partner().is_some() || self.prompted.place.as_deref().is_some_and(|at| !is_channel(at));
        // What comes through a pipe was written by no hand that is used to them.
        if !(talks || self.manner.prompt) {
            return false;
        }
        self.echo(line);
        match talks {
            true => self.in_place(|client, _| client.end()),
            false if leaves => self.leaving = true,
            false => self.complain(&format!("{NONE}; <say> before it says it as it is")),
        }
        true
    }

    /// Puts the name of the last list in the place of its number; nothing if there is no such number.
    pub(super) fn numbered(&mut self, request: Request) -> Option<Request> {
        let word = request.arg(0).unwrap_or_default();
        let is_known = |names: &[String]| names.iter().any(|name| same(name, word));
        // Logins may be numbers.
        if word.is_empty()
            || !word.bytes().all(|byte| byte.is_ascii_digit())
            || is_known(&self.talking.listed)
            || is_known(&self.session.people())
        {
            return Some(request);
        }
        let listed =
            word.parse::<usize>().ok().and_then(|number| self.talking.listed.get(number.checked_sub(1)?));
        match listed.cloned() {
            Some(name) => Some(request.with_first(name)),
            None => {
                self.complain(&format!("there is no number {word} in the last list; <list> shows a new one"));
                None
            }
        }
    }

    /// Takes what is shown otherwise than other events, or not now; hands back the rest.
    pub(super) fn keep(&mut self, event: Event, now: Timestamp) -> Option<Event> {
        if self.is_back_before_told(&event.what) {
            return None;
        }
        match &event.what {
            What::Users { users } => {
                self.talking.listed = users.iter().map(|user| user.name.clone()).collect();
                if let Some(request) = self.talking.picking.take() {
                    self.offer(users, request, now);
                    return None;
                }
            }
            What::Talk(Talk { deed: Deed::Request, own: false, with, .. }) if !self.manner.json => {
                self.show_request(with.clone(), &event, now);
                return None;
            }
            What::Away { quiet: true, .. } if !self.manner.json => return None,
            what if !self.manner.json => {
                let me = self.session.nick();
                if let Some(led) = self.talking.led.as_mut().filter(|led| waits(what, &led.partner, me)) {
                    if led.waiting.add(&event, me) {
                        self.note_mention(&event, now);
                    }
                    return None;
                }
            }
            _ => {}
        }
        Some(event)
    }

    /// Whether somebody is available again of whom it still waited to be told that they weren't.
    fn is_back_before_told(&mut self, what: &What) -> bool {
        let What::Away { name, own: false, presence, .. } = what else { return false };
        let waited = self.talking.led.as_mut().is_some_and(|led| led.waiting.forget_presence(name));
        waited && presence.status == Status::Available
    }

    fn note_mention(&mut self, event: &Event, now: Timestamp) {
        if let Some((place, from)) = event.said_in() {
            self.call_for(event, now);
            let waits = format!(" names you in {place}; that waits until <end>");
            self.print(Line::new().name(from).text(Style::Dim, &waits));
        }
    }

    /// The list to pick from.
    fn offer(&mut self, users: &[User], request: Request, now: Timestamp) {
        let me = self.session.nick().to_owned();
        let is_free = |user: &&User| user.presence.status == Status::Available && !same(&user.name, &me);
        let free: Vec<User> = users.iter().filter(is_free).cloned().collect();
        if free.is_empty() {
            return self.remark("nobody is available; <list> shows who is on, <private> NAME leaves word");
        }
        self.talking.listed = free.iter().map(|user| user.name.clone()).collect();
        let rows = self.renderer.choice(&free, &me, now);
        rows.into_iter().for_each(|row| self.print(row));
        if let Some(question) = request.question().filter(|_| !self.manner.prompt) {
            self.print(Line::of(Style::Plain, &question));
        }
        self.asking = Some(request);
    }

    /// The question, unless another waits for its answer.
    fn show_request(&mut self, from: String, event: &Event, now: Timestamp) {
        let first = self.talking.asked.clone().filter(|asked| !same(asked, &from));
        match first {
            Some(first) => self.print(
                Line::new()
                    .name(&from)
                    .text(Style::Dim, &format!(" would like to talk, too; {first} comes first")),
            ),
            None => self.ask(from),
        }
        self.call_for(event, now);
    }

    fn ask(&mut self, name: String) {
        let line = match self.manner.prompt {
            true => question(&name),
            false => Line::new().name(&name).text(Style::Bold, " would like to talk: <accept> or <decline>"),
        };
        self.talking.asked = Some(name);
        self.print(line);
    }

    /// When a question is over, the next is asked.
    pub(super) fn ask_next(&mut self) {
        let next = self.asked_by().map(str::to_owned);
        if next.is_none() || self.manner.json {
            self.talking.asked = next;
        } else if self.talking.asked != next {
            next.into_iter().for_each(|name| self.ask(name));
        }
    }

    /// Follows a conversation of ours to this session.
    pub(super) fn follow_talk(&mut self, talk: &Talk) {
        if talk.deed != Deed::Accept || !talk.here {
            return;
        }
        // What has been seen by now is told before other things wait.
        if self.seen {
            self.mark_now();
        }
        let led = self.talking.led.take().map(|led| led.waiting);
        self.talking.led =
            Some(Conversation { partner: talk.with.clone(), waiting: led.unwrap_or_default() });
    }

    /// Whether the conversation is over, or led elsewhere from now on.
    pub(super) fn is_leaving_talk(&self, what: &What) -> bool {
        match what {
            What::Talk(Talk { deed: Deed::End, .. }) => true,
            What::Talk(Talk { deed: Deed::Accept, here, .. }) => !here,
            _ => false,
        }
    }

    /// Goes back to the channel, and shows what has waited.
    pub(super) fn leave_talk(&mut self, now: Timestamp) {
        let Some(Conversation { waiting, .. }) = self.talking.led.take() else { return };
        for channel in waiting.channels().filter(|channel| channel.lost > 0) {
            self.session.shown_from(&channel.name, waiting.oldest(&channel.name));
        }
        let is_empty = waiting.is_empty();
        match summary(waiting.channels()) {
            Some(line) => self.print(line),
            // Their times are from before the end.
            None if !is_empty => self.print(Line::of(Style::Bold, "── meanwhile ──")),
            None => {}
        }
        // Nobody is called for what is no longer new.
        waiting.into_events().for_each(|event| self.tell(Event { past: true, ..event }, now));
        self.unfold(now);
    }

    /// Somebody is called otherwise.
    pub(super) fn rename_partner(&mut self, from: &str, to: &str) {
        let Talking { led, asked, listed, .. } = &mut self.talking;
        let partner = led.as_mut().map(|led| &mut led.partner);
        let names = listed.iter_mut().chain(asked).chain(partner);
        names.filter(|name| same(name, from)).for_each(|name| to.clone_into(name));
        self.prompts.rename(from, to);
    }

    /// Whether what was said in a place has been shown.
    pub(super) fn is_shown(&self, place: &str) -> bool {
        self.talking.led.as_ref().is_none_or(|led| !led.waiting.has(place))
    }
}

fn summary<'a>(channels: impl Iterator<Item = &'a Channel>) -> Option<Line> {
    let mut text = String::new();
    for Channel { name, lines, naming, lost } in channels {
        let unit = match (text.is_empty(), lines) {
            (true, 1) => " line waited",
            (true, _) => " lines waited",
            (false, _) => "",
        };
        let naming = match naming {
            0 => String::new(),
            1 => ", 1 names you".to_owned(),
            naming => format!(", {naming} name you"),
        };
        let lost = match *lost {
            0 => String::new(),
            all if all == *lines => format!(", <history> {name} has them"),
            first => format!(", <history> {name} has the first {first}"),
        };
        let more = format!("{naming}{lost}");
        let more = more.strip_prefix(", ").map(|more| format!(" ({more})")).unwrap_or_default();
        let comma = if text.is_empty() { "" } else { ", " };
        text.push_str(&format!("{comma}{lines}{unit} in {name}{more}"));
    }
    (!text.is_empty()).then(|| Line::of(Style::Bold, &format!("── {text} ──")))
}

#[cfg(test)]
mod tests;
