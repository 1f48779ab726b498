//! The logins of this host. The user database may be remote, so looking something up can block.
//!
//! To the chat names are the same in whatever case, to the host they may not be. What a database can't be asked, whether it has a login
//! in another case, is seen in the file of local users at least.

use std::path::Path;

use chat_proto::name::{Nick, same};
use nix::unistd::{Uid, User};

/// The users that the host itself has.
const LOCAL: &str = "/etc/passwd";

/// The login name of a uid, if it has one that is fit to be a nick. Of several logins that differ in case only the one in lower case
/// has a name to the chat.
pub(crate) fn of_uid(uid: u32) -> Option<Nick> {
    let user = User::from_uid(Uid::from_raw(uid)).ok()??;
    let name = Nick::new(&user.name).ok()?;
    (!is_shared(&name, uid, &local(LOCAL.as_ref()))).then_some(name)
}

/// A login of the host, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Login {
    /// Absent when the user database can't be asked, or when several logins share the name but for its case.
    pub(crate) uid: Option<u32>,
}

/// The login that the host has by a name, in whatever case. When the database can't be asked, the name counts
/// as a login: nobody speaks under another's name.
pub(crate) fn by_name(name: &Nick) -> Option<Login> {
    let folded = name.fold();
    let spellings = [folded.as_str(), name.as_str()];
    for spelling in spellings.iter().take(if spellings[0] == spellings[1] { 1 } else { 2 }) {
        match User::from_name(spelling) {
            Ok(None) => {}
            Ok(Some(user)) => {
                return Some(Login { uid: of_uid(user.uid.as_raw()).map(|_| user.uid.as_raw()) });
            }
            Err(_) => return Some(Login { uid: None }),
        }
    }
    let local = local(LOCAL.as_ref());
    let mut alike = local.iter().filter(|(local, _)| same(local, name.as_str())).map(|(_, uid)| *uid);
    let uid = alike.next()?;
    Some(Login { uid: alike.next().is_none().then_some(uid) })
}

/// The logins that the host itself has and that are fit to be nicks.
pub(crate) fn all_local() -> Vec<Nick> {
    local(LOCAL.as_ref()).iter().filter_map(|(name, _)| Nick::new(name).ok()).collect()
}

/// Whether another uid has that name in lower case, or in any other if this one isn't in lower case.
fn is_shared(name: &Nick, uid: u32, local: &[(String, u32)]) -> bool {
    let folded = name.fold();
    if folded.as_str() == name.as_str() {
        return false;
    }
    let others = !matches!(User::from_name(folded.as_str()), Ok(user) if user.as_ref().is_none_or(|user| user.uid.as_raw() == uid));
    others || local.iter().any(|(other, of)| same(other, name.as_str()) && *of != uid)
}

/// Names and uids in a file as passwd(5) has it; none if it can't be read.
fn local(file: &Path) -> Vec<(String, u32)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let entry = |line: &str| {
        let mut fields = line.split(':');
        Some((fields.next()?.to_owned(), fields.nth(1)?.parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_in_any_case_and_an_unheard_of_name_is_not() {
        assert_eq!(of_uid(0), Some(Nick::new("root").unwrap()));
        let found = |name: &str| by_name(&Nick::new(name).unwrap());
        assert_eq!(found("root"), Some(Login { uid: Some(0) }));
        assert_eq!(found("ROOT"), Some(Login { uid: Some(0) }));
        assert_eq!(found("nobody_has_this_login"), None);
        assert!(all_local().contains(&Nick::new("root").unwrap()));
    }

    #[test]
    fn of_logins_that_differ_in_case_only_the_one_in_lower_case_has_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(
            file.path(),
            "JDoe:x:1001:1001::/:/bin/sh\nMIKE:x:1002:1::/:\nMike:x:1003:1::/:\nbroken\n",
        )
        .unwrap();
        let local = local(file.path());
        assert_eq!(local.len(), 3);
        let shared = |name: &str, uid| is_shared(&Nick::new(name).unwrap(), uid, &local);
        assert!(!shared("JDoe", 1001) && shared("JDoe", 1004));
        assert!(shared("MIKE", 1002) && shared("Mike", 1003));
        assert!(shared("Root", 1005) && !shared("root", 0));
    }
}
