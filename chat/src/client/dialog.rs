//! Questions that are answered with a password, and what is done with the answers. No input or output.

use crate::secret::Secret;
use crate::session::{Entry, Lock, Locked};

/// A run of questions, as far as it has come.
#[derive(Debug)]
pub enum Dialog {
    /// At the door of an account.
    LogIn {
        name: String,
    },
    /// At a door that is shut for guests.
    Choose {
        name: String,
        email_required: bool,
    },
    Register {
        at_door: bool,
        email: Option<String>,
        email_wanted: bool,
        first: Option<Secret>,
    },
    /// At the door of a server that asks everybody for its password.
    Server,
    SetPassword {
        old: Option<Secret>,
        old_wanted: bool,
        first: Option<Secret>,
    },
}

/// What comes of an answer.
#[derive(Debug)]
pub enum Outcome {
    /// Goes on with the next question, or the same one again, after these words.
    Ask(Dialog, Option<&'static str>),
    Enter(Entry),
    /// Goes in with what the server asks everybody for.
    Knock(Secret),
    Register(Option<String>, Secret),
    SetPassword(Option<Secret>, Secret),
    /// Nothing is done.
    Dropped,
}

impl Dialog {
    /// What opens the door, if the user can be asked for it.
    pub fn at(locked: &Locked) -> Self {
        let (name, email_required) = (locked.name.clone(), locked.email_required);
        match locked.why {
            Lock::AccountsOnly | Lock::NotRegistered if locked.registers => {
                Self::Choose { name, email_required }
            }
            Lock::ServerPassword | Lock::WrongServerPassword => Self::Server,
            _ => Self::LogIn { name },
        }
    }

    /// Whether there is no connection until it is answered.
    pub fn is_at_door(&self) -> bool {
        match self {
            Self::LogIn { .. } | Self::Choose { .. } | Self::Server => true,
            Self::Register { at_door, .. } => *at_door,
            Self::SetPassword { .. } => false,
        }
    }

    pub fn question(&self) -> String {
        match self {
            Self::LogIn { name } => format!("Password of {name}:"),
            Self::Server => "Password of the server (not your own):".to_owned(),
            Self::Choose { .. } => "Log in or register? (login/register)".to_owned(),
            Self::Register { email_wanted: true, email: None, .. } => "Your address for mail?".to_owned(),
            Self::Register { first: None, .. } => "Password for the new account:".to_owned(),
            Self::SetPassword { old: None, old_wanted: true, .. } => "Password until now:".to_owned(),
            Self::SetPassword { first: None, .. } => "New password:".to_owned(),
            Self::Register { .. } | Self::SetPassword { .. } => "The same once more:".to_owned(),
        }
    }

    /// Whether the answer is not to be seen.
    pub fn is_secret(&self) -> bool {
        !matches!(self, Self::Choose { .. } | Self::Register { email_wanted: true, email: None, .. })
    }

    /// Takes an answer that can be seen.
    pub fn said(self, answer: &str) -> Outcome {
        let answer = answer.trim();
        match self {
            Self::Choose { name, email_required } => match answer.to_ascii_lowercase().as_str() {
                "login" | "log in" | "l" => Outcome::Ask(Self::LogIn { name }, None),
                "register" | "r" => Outcome::Ask(Self::register(true, email_required), None),
                _ => Outcome::Ask(Self::Choose { name, email_required }, None),
            },
            Self::Register { at_door, email: None, first, .. } if !answer.is_empty() => {
                let fits = answer.contains('@') && !answer.contains(char::is_whitespace);
                let email = Some(answer.to_owned()).filter(|_| fits);
                let complaint = email.is_none().then_some("that is no address for mail");
                Outcome::Ask(Self::Register { at_door, email, email_wanted: true, first }, complaint)
            }
            _ => Outcome::Dropped,
        }
    }

    /// Takes an answer that can't be seen.
    pub fn whispered(self, answer: Secret) -> Outcome {
        const DIFFERENT: Option<&str> = Some("these were two different passwords; once again");
        if answer.is_empty() {
            return Outcome::Dropped;
        }
        match self {
            Self::LogIn { .. } => Outcome::Enter(Entry::Password(answer)),
            Self::Server => Outcome::Knock(answer),
            Self::Register { at_door, email, email_wanted, first } => match first {
                None => {
                    Outcome::Ask(Self::Register { at_door, email, email_wanted, first: Some(answer) }, None)
                }
                Some(first) if first != answer => {
                    Outcome::Ask(Self::Register { at_door, email, email_wanted, first: None }, DIFFERENT)
                }
                Some(password) if at_door => Outcome::Enter(Entry::Register { email, password }),
                Some(password) => Outcome::Register(email, password),
            },
            Self::SetPassword { old: None, old_wanted: true, first } => {
                Outcome::Ask(Self::SetPassword { old: Some(answer), old_wanted: true, first }, None)
            }
            Self::SetPassword { old, old_wanted, first } => match first {
                None => Outcome::Ask(Self::SetPassword { old, old_wanted, first: Some(answer) }, None),
                Some(first) if first != answer => {
                    Outcome::Ask(Self::SetPassword { old, old_wanted, first: None }, DIFFERENT)
                }
                Some(new) => Outcome::SetPassword(old, new),
            },
            Self::Choose { .. } => Outcome::Dropped,
        }
    }

    pub fn register(at_door: bool, email_wanted: bool) -> Self {
        Self::Register { at_door, email: None, email_wanted, first: None }
    }

    pub fn set_password(old_wanted: bool) -> Self {
        Self::SetPassword { old: None, old_wanted, first: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(outcome: Outcome) -> Dialog {
        match outcome {
            Outcome::Ask(dialog, _) => dialog,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_new_password_is_asked_for_until_it_was_given_twice() {
        let again = asked(Dialog::set_password(false).whispered(Secret::from("one")));
        assert_eq!(again.question(), "The same once more:");
        let anew = asked(again.whispered(Secret::from("two")));
        assert_eq!(anew.question(), "New password:");
        let again = asked(anew.whispered(Secret::from("three")));
        let outcome = again.whispered(Secret::from("three"));
        assert!(matches!(outcome, Outcome::SetPassword(None, new) if new == Secret::from("three")));
    }

    #[test]
    fn the_old_password_is_asked_for_first_and_is_not_hidden_among_the_new() {
        let dialog = Dialog::set_password(true);
        assert_eq!(dialog.question(), "Password until now:");
        let dialog = asked(dialog.whispered(Secret::from("old")));
        let dialog = asked(dialog.whispered(Secret::from("new")));
        let Outcome::SetPassword(Some(old), new) = dialog.whispered(Secret::from("new")) else { panic!() };
        assert_eq!((old.as_str(), new.as_str()), ("old", "new"));
    }

    #[test]
    fn nothing_as_an_answer_drops_it() {
        for dialog in [Dialog::set_password(true), Dialog::register(false, false)] {
            assert!(matches!(dialog.whispered(Secret::default()), Outcome::Dropped));
        }
        assert!(matches!(Dialog::register(false, true).said(" "), Outcome::Dropped));
    }

    #[test]
    fn a_mail_address_is_asked_for_where_one_is_needed_and_can_be_seen() {
        let dialog = Dialog::register(true, true);
        assert!(!dialog.is_secret());
        let dialog = asked(dialog.said("nonsense"));
        assert!(!dialog.is_secret());
        let dialog = asked(asked(dialog.said("a@b.example")).whispered(Secret::from("x")));
        let Outcome::Enter(Entry::Register { email, .. }) = dialog.whispered(Secret::from("x")) else {
            panic!()
        };
        assert_eq!(email.as_deref(), Some("a@b.example"));
    }

    #[test]
    fn who_may_not_come_as_a_guest_logs_in_or_registers() {
        let choose = |answer| Dialog::Choose { name: "anna".into(), email_required: false }.said(answer);
        assert_eq!(asked(choose("login")).question(), "Password of anna:");
        assert_eq!(asked(choose("R")).question(), "Password for the new account:");
        assert!(matches!(asked(choose("what")), Dialog::Choose { .. }));
    }
}
