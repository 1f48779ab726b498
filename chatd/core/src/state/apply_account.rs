//! What becomes of accounts, and of those who try to get into them.

use chat_proto::name::{Folded, Nick};

use crate::account::{Account, Suspension};
use crate::attempts::Attempted;
use crate::event::{AccountEvent, ReadMark};
use crate::history::Party;
use crate::id::{ConnId, UserId};
use crate::mode::UserModes;
use crate::time::Uptime;

use super::{OwnerChange, State};

impl State {
    pub(super) fn apply_account(&mut self, at: u64, name: &Nick, event: &AccountEvent) {
        let folded = name.fold();
        if event.changes_hands() {
            self.forget_standing(&folded);
            self.marks.remove(&folded);
            self.receipts.forget(&Party::Account(folded.clone()));
            self.undelivered.remove(&folded);
            self.owner_changes.insert(folded.clone(), OwnerChange { at, message: self.last_message });
        }
        match event {
            AccountEvent::Registered { login, email, credentials, .. } => {
                let (email, credentials) = (email.clone(), credentials.as_deref().cloned());
                self.accounts.insert(Account {
                    email,
                    credentials,
                    ..Account::new(name.clone(), at, *login)
                });
            }
            AccountEvent::PasswordSet { credentials, .. } | AccountEvent::Rehashed { credentials } => {
                self.accounts.change(&folded, |account| account.credentials = Some((**credentials).clone()));
            }
            AccountEvent::CertificateAdded { fingerprint } => self.accounts.certify(&folded, *fingerprint),
            AccountEvent::CertificateRemoved { fingerprint } => self.accounts.revoke(fingerprint),
            AccountEvent::Suspended { by, reason } => {
                let suspension = Suspension { by: by.name(), reason: reason.clone(), at };
                self.accounts.change(&folded, |account| account.suspended = Some(suspension));
            }
            AccountEvent::Resumed { .. } => self.accounts.change(&folded, |account| account.suspended = None),
            AccountEvent::Removed { .. } => {
                self.accounts.remove(&folded);
                self.login_uids.remove(&folded);
            }
            AccountEvent::LoginBound { uid } => drop(self.login_uids.insert(folded, *uid)),
            AccountEvent::OwnerChanged { uid, .. } => {
                self.accounts.change_owner(&folded, at);
                self.login_uids.insert(folded, *uid);
            }
            AccountEvent::Delivered { left: 0, .. } => drop(self.undelivered.remove(&folded)),
            AccountEvent::Delivered { upto, .. } => {
                if let Some(mailbox) = self.undelivered.get_mut(&folded) {
                    mailbox.take_upto(upto.number);
                }
            }
        }
    }

    fn forget_standing(&mut self, account: &Folded) {
        for channel in self.channels.values_mut() {
            channel.standing.remove(account);
        }
    }

    pub(super) fn apply_mark(&mut self, mark: &ReadMark) {
        let marks = match &mark.account {
            Some(account) => self.marks.entry(account.fold()).or_default(),
            None => match self.users.get_mut(mark.who.user) {
                Some(user) => &mut user.marks,
                None => return,
            },
        };
        if let Some(forgotten) = &mark.forgotten {
            marks.remove(forgotten);
        }
        marks.insert(Folded::new(&mark.target), mark.at);
    }

    pub(super) fn count_try(&mut self, at: Uptime, conn: ConnId, name: Option<&Folded>) {
        let Some(session) = self.sessions.get(conn) else { return };
        for from in Attempted::all_of(&session.peer.origin) {
            self.attempts.count(from, at);
        }
        if let Some(name) = name {
            self.attempts.count(Attempted::Account(name.clone()), at);
        }
    }

    pub(super) fn count_account(&mut self, at: Uptime, conn: ConnId) {
        let Some(session) = self.sessions.get(conn) else { return };
        let from = Attempted::from(&session.peer.origin);
        self.attempts.count(Attempted::Registration(Box::new(from)), at);
    }

    /// Takes back the try that succeeded. Other tries stay counted, those from there and those to get into the account: otherwise
    /// each login of an owner would give a guesser new tries.
    pub(super) fn forgive(&mut self, conn: ConnId, name: Option<&Folded>) {
        let Some(session) = self.sessions.get(conn) else { return };
        for from in Attempted::all_of(&session.peer.origin) {
            self.attempts.take_back(&from);
        }
        if let Some(name) = name {
            self.attempts.take_back(&Attempted::Account(name.clone()));
        }
    }

    pub(super) fn set_account(&mut self, at: u64, id: UserId, account: Option<&Nick>) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.account = account.cloned();
        (user.named_since, user.named_since_message) = (at, self.last_message);
        let mut modes = user.modes;
        modes.set(UserModes::REGISTERED, account.is_some());
        self.set_user_modes(id, modes);
    }
}
