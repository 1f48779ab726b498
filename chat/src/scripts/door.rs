//! A door that is shut for those who don't log in, and whoever sits at the terminal.

use crate::ask;
use crate::failure::Failure;
use crate::session::{Entry, Lock, Locked, Session};

/// Passwords that may be typed for one door.
const TRIES: u32 = 3;

/// Who is asked, and how often it was.
#[derive(Debug, Default)]
pub(super) struct Door {
    asked: u32,
}

impl Door {
    /// Has the session come in with what is typed.
    ///
    /// # Errors
    /// Nothing that could be typed opens it, there is nobody to ask, or there were wrong passwords enough.
    pub(super) fn open(&mut self, session: &mut Session, locked: &Locked) -> Result<(), Failure> {
        let shut = || Failure::Refused(locked.in_a_line());
        let question = match locked.why {
            Lock::Account | Lock::AccountsOnly | Lock::WrongPassword => {
                format!("Password of {}:", locked.name)
            }
            Lock::ServerPassword | Lock::WrongServerPassword => {
                "Password of the server (not your own):".to_owned()
            }
            Lock::TooFast | Lock::NotRegistered | Lock::Certificate => return Err(shut()),
        };
        let of_server = matches!(locked.why, Lock::ServerPassword | Lock::WrongServerPassword);
        if matches!(locked.why, Lock::WrongPassword | Lock::WrongServerPassword) {
            // One that came from a file is wrong for good.
            if self.asked == 0 || self.asked >= TRIES {
                return Err(shut());
            }
            super::note(&locked.in_a_line());
        }
        let password = ask::secret(&question)?.ok_or_else(shut)?;
        self.asked += 1;
        if of_server {
            session.give_server_password(password);
        } else {
            session.enter_by(Entry::Password(password));
        }
        Ok(())
    }
}
