//! Who asks whom for a conversation in the naive chat, and who talks with whom.

use super::{Naive, Seats, behind_colon};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    pub asker: usize,
    pub asked: usize,
    /// From which the asker asks.
    seat: usize,
}

/// Two people, each at the seat that they talk from.
#[derive(Debug, Clone, Copy)]
pub struct Talk([(usize, usize); 2]);

impl Talk {
    /// A person's own seat, and whom it talks with.
    fn of(&self, person: usize) -> Option<(usize, usize)> {
        let [one, other] = self.0;
        let is_one = one.0 == person;
        (is_one || other.0 == person).then_some(if is_one { (one.1, other.0) } else { (other.1, one.0) })
    }
}

impl Naive {
    pub fn partner(&self, person: usize) -> Option<usize> {
        self.talks.iter().find_map(|talk| talk.of(person)).map(|(_, partner)| partner)
    }

    /// The seats of those whom a person talks with, asks or is asked by.
    pub(super) fn concerned_by_talks(&self, person: usize) -> Seats {
        let people = self.askers(person).into_iter().chain(self.asked_by(person)).chain(self.partner(person));
        people.flat_map(|id| self.people[&id].seats.iter().copied()).collect()
    }

    /// What others see as its away text.
    pub(super) fn presence(&self, person: usize) -> Option<String> {
        match self.partner(person) {
            Some(partner) => Some(format!("talking with {}", self.people[&partner].nick)),
            None if self.people[&person].idle => Some("idle".to_owned()),
            None => self.people[&person].away.map(str::to_owned),
        }
    }

    pub(super) fn show_presence(&mut self, person: usize) {
        let witnesses = self.able("away-notify", self.witnesses(person));
        let text = self.presence(person);
        self.tell(&witnesses, person, &format!("AWAY{}", behind_colon(text.as_deref())));
    }

    pub(super) fn ask_to_talk(&mut self, seat: usize, me: usize, nick: &str) {
        let Some(other) = self.called(nick).filter(|other| *other != me) else { return };
        if self.partner(me).is_some() {
            self.go_on_here(seat, me, other);
        } else if self.asks(other, me) {
            self.begin(seat, me, other);
        } else if self.partner(other).is_none() && !self.asks(me, other) {
            self.requests.push(Request { asker: me, asked: other, seat });
            self.tell_both(me, other, "REQUEST", "");
        }
    }

    pub(super) fn accept(&mut self, seat: usize, me: usize, nick: Option<&str>) {
        match (self.partner(me), nick.map(|nick| self.called(nick))) {
            (Some(_), Some(Some(other))) => self.go_on_here(seat, me, other),
            (Some(_), _) | (None, Some(None)) => {}
            (None, Some(Some(other))) if self.asks(other, me) => self.begin(seat, me, other),
            (None, Some(Some(_))) => {}
            (None, None) => {
                if let [only] = self.askers(me)[..] {
                    self.begin(seat, me, only);
                }
            }
        }
    }

    pub(super) fn decline(&mut self, me: usize, nick: Option<&str>) {
        let askers = self.askers(me);
        let asker = match nick {
            Some(nick) => self.called(nick).filter(|other| askers.contains(other)),
            None => {
                if let [only] = askers[..] {
                    Some(only)
                } else {
                    None
                }
            }
        };
        if let Some(asker) = asker {
            self.turn_down(me, asker, "");
        }
    }

    pub(super) fn take_back(&mut self, me: usize, nick: Option<&str>) {
        let named = nick.map(|nick| self.called(nick));
        for other in self.asked_by(me) {
            if named.is_none_or(|named| named == Some(other)) {
                self.withdraw(me, other, "");
            }
        }
    }

    pub(super) fn end_talk(&mut self, me: usize, reason: &str) {
        let Some(partner) = self.partner(me) else { return };
        self.talks.retain(|talk| talk.of(me).is_none());
        self.tell_both(me, partner, "END", &format!(" :{reason}"));
        self.show_presence(me);
        self.show_presence(partner);
    }

    /// Nobody sits there any more; `gone` if that person sits nowhere.
    pub(super) fn talks_without(&mut self, seat: usize, me: usize, gone: bool, reason: &str) {
        if self.talks.iter().any(|talk| talk.of(me).is_some_and(|(own, _)| own == seat)) {
            self.end_talk(me, reason);
        }
        let why = if gone { " :left the chat" } else { " :the session has ended" };
        let from_here = self.requests.iter().filter(|request| request.asker == me && request.seat == seat);
        for other in from_here.map(|request| request.asked).collect::<Vec<_>>() {
            self.withdraw(me, other, why);
        }
        for other in self.askers(me) {
            if gone {
                self.turn_down(me, other, why);
            }
        }
    }

    /// What a person is told at a seat that it has just taken.
    pub(super) fn tell_of_talks(&mut self, seat: usize, me: usize) {
        let here = self.able("chatd.org/talk", Seats::from([seat]));
        if let Some(partner) = self.partner(me) {
            let partner = self.people[&partner].nick;
            self.tell(&here, me, &format!("TALK ACCEPT {partner} elsewhere"));
        }
        let to_me = self.askers(me).into_iter().map(|asker| (asker, me));
        let of_mine = self.asked_by(me).into_iter().map(|asked| (me, asked));
        for (asker, asked) in to_me.chain(of_mine) {
            let asked = self.people[&asked].nick;
            self.tell(&here, asker, &format!("TALK REQUEST {asked}"));
        }
    }

    fn begin(&mut self, seat: usize, me: usize, asker: usize) {
        let Some(request) = self.requests.iter().find(|r| (r.asker, r.asked) == (asker, me)).copied() else {
            return;
        };
        self.requests.retain(|other| *other != request);
        self.talks.push(Talk([(me, seat), (asker, request.seat)]));
        let nick = self.people[&asker].nick;
        self.tell_place(me, &[me, asker], nick);
        self.show_presence(me);
        self.show_presence(asker);
        for (one, partner) in [(me, asker), (asker, me)] {
            let why = format!(" :busy, talking with {}", self.people[&partner].nick);
            self.askers(one).into_iter().for_each(|other| self.turn_down(one, other, &why));
            self.asked_by(one).into_iter().for_each(|other| self.withdraw(one, other, &why));
        }
    }

    fn go_on_here(&mut self, seat: usize, me: usize, with: usize) {
        let Some(talk) = self
            .talks
            .iter_mut()
            .find(|talk| talk.of(me).is_some_and(|(own, other)| own != seat && other == with))
        else {
            return;
        };
        let own = talk.0.iter_mut().find(|(person, _)| *person == me).expect("one of them");
        own.1 = seat;
        let nick = self.people[&with].nick;
        self.tell_place(me, &[me], nick);
    }

    fn turn_down(&mut self, me: usize, asker: usize, why: &str) {
        self.requests.retain(|request| (request.asker, request.asked) != (asker, me));
        self.tell_both(me, asker, "DECLINE", why);
    }

    fn withdraw(&mut self, me: usize, asked: usize, why: &str) {
        self.requests.retain(|request| (request.asker, request.asked) != (me, asked));
        self.tell_both(me, asked, "CANCEL", why);
    }

    fn asks(&self, asker: usize, asked: usize) -> bool {
        self.requests.iter().any(|request| (request.asker, request.asked) == (asker, asked))
    }

    fn askers(&self, asked: usize) -> Vec<usize> {
        self.requests.iter().filter(|request| request.asked == asked).map(|request| request.asker).collect()
    }

    fn asked_by(&self, asker: usize) -> Vec<usize> {
        self.requests.iter().filter(|request| request.asker == asker).map(|request| request.asked).collect()
    }

    fn tell_both(&mut self, by: usize, with: usize, what: &str, rest: &str) {
        let seats = &self.people[&by].seats | &self.people[&with].seats;
        let seats = self.able("chatd.org/talk", seats);
        let nick = self.people[&with].nick;
        self.tell(&seats, by, &format!("TALK {what} {nick}{rest}"));
    }

    /// At each seat of these people whether the conversation is led there.
    fn tell_place(&mut self, by: usize, people: &[usize], nick: &str) {
        for &person in people {
            let own = self.talks.iter().find_map(|talk| talk.of(person)).map(|(own, _)| own);
            for seat in self.able("chatd.org/talk", self.people[&person].seats.clone()) {
                let place = if Some(seat) == own { "here" } else { "elsewhere" };
                self.tell(&Seats::from([seat]), by, &format!("TALK ACCEPT {nick} {place}"));
            }
        }
    }
}
