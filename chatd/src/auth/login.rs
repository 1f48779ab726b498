//! The logins of this host. The user database may be remote, so looking something up can block.

use chat_proto::name::Nick;
use nix::unistd::{Uid, User};

/// The login name of a uid, if it has one that is fit to be a nick.
pub(crate) fn of_uid(uid: u32) -> Option<Nick> {
    let user = User::from_uid(Uid::from_raw(uid)).ok()??;
    Nick::new(&user.name).ok()
}

/// Whether the host has a login that is `name` but for its case. When the database can't be asked, the name counts
/// as a login: nobody speaks under another's name.
pub(crate) fn exists(name: &Nick) -> bool {
    let found = |name: &str| !matches!(User::from_name(name), Ok(None));
    let folded = name.fold();
    found(folded.as_str()) || (folded.as_str() != name.as_str() && found(name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_in_any_case_and_an_unheard_of_name_is_not() {
        assert_eq!(of_uid(0), Some(Nick::new("root").unwrap()));
        assert!(exists(&Nick::new("root").unwrap()));
        assert!(exists(&Nick::new("ROOT").unwrap()));
        assert!(!exists(&Nick::new("nobody_has_this_login").unwrap()));
    }
}
