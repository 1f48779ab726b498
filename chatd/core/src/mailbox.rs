//! Which messages wait for an account that is not here, and whose they are.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::history::Party;

/// The share that one sender may have of a mailbox, and all guests together: one part of so many.
const OF_ONE: u32 = 10;
const OF_GUESTS: u32 = 4;

/// The messages that wait for one account, by number and author, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox(VecDeque<(u64, Party)>);

/// Why a message cannot wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// It has as many as it may have.
    Whole,
    /// The sender, or the guests, have their share in it.
    Share,
}

impl Mailbox {
    /// The numbers ascend.
    pub fn put(&mut self, number: u64, author: Party) {
        self.0.push_back((number, author));
    }

    /// How many wait behind the message of that number.
    pub fn after(&self, number: u64) -> u32 {
        let behind = self.0.len() - self.0.partition_point(|(known, _)| *known <= number);
        u32::try_from(behind).unwrap_or(u32::MAX)
    }

    pub fn count(&self) -> u32 {
        self.after(0)
    }

    /// Forgets all up to the message of that number.
    pub(crate) fn take_upto(&mut self, number: u64) {
        self.0.drain(..self.0.partition_point(|(known, _)| *known <= number));
    }

    /// Whether one more of that author's may wait where there are `most` at most.
    ///
    /// # Errors
    /// What is full.
    pub fn has_room(&self, author: &Party, most: u32) -> Result<(), Full> {
        let own = self.of(|party| party == author);
        let guests = self.of(|party| matches!(party, Party::Guest(_)));
        let is_guest = matches!(author, Party::Guest(_));
        if self.count() >= most {
            Err(Full::Whole)
        } else if own >= most.div_ceil(OF_ONE) || is_guest && guests >= most.div_ceil(OF_GUESTS) {
            Err(Full::Share)
        } else {
            Ok(())
        }
    }

    fn of(&self, is_meant: impl Fn(&Party) -> bool) -> u32 {
        let count = self.0.iter().filter(|(_, party)| is_meant(party)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use chat_proto::name::Folded;

    use super::*;

    fn filled(mailbox: &mut Mailbox, author: &Party, most: u32) -> (u32, Full) {
        let before = mailbox.count();
        loop {
            match mailbox.has_room(author, most) {
                Ok(()) => mailbox.put(u64::from(mailbox.count()) + 1, author.clone()),
                Err(full) => return (mailbox.count() - before, full),
            }
        }
    }

    #[test]
    fn nobody_has_more_than_a_share_and_guests_have_one_together() {
        let account = |name: String| Party::Account(Folded::new(&name));
        let guest = |name: String| Party::Guest(Folded::new(&name));
        let mut mailbox = Mailbox::default();
        assert_eq!(filled(&mut mailbox, &account("bob".into()), 100), (10, Full::Share));
        let guests: u32 = (0..9).map(|n| filled(&mut mailbox, &guest(format!("g{n}")), 100).0).sum();
        assert_eq!(guests, 25);
        for n in 0..6 {
            assert_eq!(filled(&mut mailbox, &account(format!("a{n}")), 100), (10, Full::Share));
        }
        assert_eq!(filled(&mut mailbox, &account("last".into()), 100), (5, Full::Whole));
        assert_eq!(filled(&mut Mailbox::default(), &guest("g".into()), 0), (0, Full::Whole));
    }

    #[test]
    fn what_was_taken_leaves_room() {
        let mut mailbox = Mailbox::default();
        let bob = Party::Account(Folded::new("bob"));
        for number in [3, 5, 9] {
            mailbox.put(number, bob.clone());
        }
        assert_eq!((mailbox.after(5), mailbox.after(4), mailbox.count()), (1, 2, 3));
        mailbox.take_upto(5);
        assert_eq!(mailbox.count(), 1);
    }
}
