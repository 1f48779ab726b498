//! What each command does.

use chat_proto::name::{ChannelName, Folded, Nick};

use crate::client::{Client, help};
use crate::input::{Request, Verb};
use crate::line::{Line, Style};
use crate::session::How;

impl Client {
    /// Does it, or asks for what was left out.
    pub(super) fn request(&mut self, request: Request) {
        let Some(request) = self.with_name(request) else { return };
        let is_asking = request.question().is_some();
        let goes_on = request.verb() == Verb::Search && self.session.can_search_on();
        if is_asking && request.verb() != Verb::Talk && !goes_on {
            self.asking = Some(request);
            return;
        }
        if !self.session.is_ready() && needs_server(request.verb()) {
            return self.complain("there is no connection at the moment; try again when it is back");
        }
        if is_asking {
            return self.pick(request);
        }
        let arg = |index: usize| request.arg(index).unwrap_or_default();
        match request.verb() {
            Verb::Help => self.help(request.arg(0)),
            Verb::List => self.list(request.arg(0)),
            Verb::Private => self.private(arg(0), arg(1)),
            Verb::Talk => self.talk(arg(0)),
            Verb::Accept => self.answer(request.arg(0), true),
            Verb::Decline => self.answer(request.arg(0), false),
            Verb::Cancel => self.cancel(request.arg(0)),
            Verb::End => self.end(),
            Verb::Announce => self.announce(arg(0)),
            Verb::Join => self.join(arg(0), request.arg(1)),
            Verb::Leave => self.leave(arg(0)),
            Verb::Channels => self.session.ask_channels(),
            Verb::Names => self.in_channel(|client, here| client.session.ask_names(here)),
            Verb::Topic => self.topic(request.arg(0)),
            Verb::Invite => self.invite(arg(0), request.arg(1)),
            Verb::Me => self.say_here(arg(0), How::Action),
            Verb::Say => self.say_here(arg(0), How::Text),
            Verb::Away => self.session.set_away(Some(arg(0))),
            Verb::Back => self.session.set_away(None),
            Verb::Ignore => match request.arg(0) {
                Some(name) => self.ignore(name),
                None => self.show_ignored(),
            },
            Verb::History => self.history(request.arg(0), request.arg(1)),
            Verb::Search => self.search(arg(0)),
            Verb::Nick => self.nick(arg(0)),
            Verb::Register => self.register(),
            Verb::Password => self.password(),
            Verb::Certificate => self.certificate(request.arg(0), request.arg(1)),
            Verb::Clear => self.clear(),
            Verb::Quit => self.quit(request.arg(0)),
        }
    }

    fn help(&mut self, topic: Option<&str>) {
        let lines = help::lines(topic, self.columns);
        lines.into_iter().for_each(|line| self.print(line));
    }

    /// Some take the number of a name in the last list for the name.
    fn with_name(&mut self, request: Request) -> Option<Request> {
        match request.verb() {
            Verb::Private | Verb::Talk | Verb::Invite | Verb::List => self.numbered(request),
            _ => Some(request),
        }
    }

    fn list(&mut self, name: Option<&str>) {
        match name {
            None => self.session.ask_users(),
            Some(name) if self.is_name(name) => self.session.ask_person(name),
            Some(_) => {}
        }
    }

    fn private(&mut self, to: &str, text: &str) {
        if self.is_name(to) {
            self.say(to, text, How::Text);
        }
    }

    fn announce(&mut self, text: &str) {
        match self.session.lobby().map(str::to_owned) {
            Some(lobby) => self.say(&lobby, text, How::Text),
            None => self.complain("this server has no lobby; <join> #NAME and say it there"),
        }
    }

    fn join(&mut self, name: &str, key: Option<&str>) {
        let channel = if name.starts_with('#') { name.to_owned() } else { format!("#{name}") };
        if let Err(error) = ChannelName::new(&channel) {
            return self.complain(&format!("{channel} can't be a channel: {error}"));
        }
        if self.session.is_in(&channel) {
            self.here =
                self.session.channels().find(|known| known.eq_ignore_ascii_case(&channel)).map(str::to_owned);
            let line = match self.partner() {
                Some(partner) => Line::of(Style::Dim, "what you type goes to ")
                    .name(partner)
                    .text(Style::Dim, &format!(" until <end>, and then to {channel}")),
                None => Line::of(Style::Dim, "what you type goes to ").name(&channel),
            };
            return self.print(line);
        }
        self.session.join(&channel, key);
        self.going = Some(channel);
    }

    /// The argument begins with a channel, or is a reason for leaving this one.
    fn leave(&mut self, rest: &str) {
        if rest.starts_with('#') {
            let (channel, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            return self.session.part(channel, reason.trim());
        }
        if let Some(partner) = self.partner().map(str::to_owned) {
            let way = "<end> leaves the conversation, <leave> #CHANNEL a channel";
            return self.complain(&format!("you talk with {partner}: {way}"));
        }
        self.in_channel(|client, here| client.session.part(here, rest));
    }

    fn topic(&mut self, text: Option<&str>) {
        self.in_channel(|client, here| match text {
            Some(text) => client.session.set_topic(here, text),
            None => client.session.ask_topic(here),
        });
    }

    fn invite(&mut self, name: &str, channel: Option<&str>) {
        if self.is_name(name) {
            match channel {
                Some(channel) => self.session.invite(name, channel),
                None => self.in_channel(|client, here| client.session.invite(name, here)),
            }
        }
    }

    fn ignore(&mut self, name: &str) {
        let folded = Folded::new(name);
        if self.partner().is_some_and(|partner| Folded::new(partner) == folded) {
            return self.complain(&format!("you talk with {name}; <end> leaves the conversation"));
        }
        let line = if self.ignored.remove(&folded) {
            Line::new().name(name).text(Style::Dim, " is heard again")
        } else {
            self.ignored.insert(folded);
            let again = format!(" is ignored until you leave; <ignore> {name} once more ends it");
            Line::new().name(name).text(Style::Dim, &again)
        };
        self.print(line);
    }

    fn show_ignored(&mut self) {
        let names: Vec<_> = self.ignored.iter().map(Folded::as_str).collect();
        match &names[..] {
            [] => self.remark("nobody is ignored; <ignore> NAME hides what somebody says"),
            names => self.remark(&format!("ignored until you leave: {}", names.join(", "))),
        }
    }

    fn nick(&mut self, name: &str) {
        if self.is_name(name) {
            self.session.rename(name);
        }
    }

    fn quit(&mut self, text: Option<&str>) {
        self.farewell = text.map(str::to_owned);
        self.leaving = true;
    }

    pub(super) fn is_name(&mut self, name: &str) -> bool {
        match Nick::new(name) {
            Ok(_) => true,
            Err(error) => {
                self.complain(&format!("{name} can't be anybody's name: {error}"));
                false
            }
        }
    }
}

/// The others work, or are kept, without a connection.
fn needs_server(verb: Verb) -> bool {
    !matches!(
        verb,
        Verb::Help
            | Verb::Private
            | Verb::Announce
            | Verb::Me
            | Verb::Say
            | Verb::Ignore
            | Verb::Clear
            | Verb::Quit
    )
}
