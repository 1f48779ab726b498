//! Names that guests and accounts of their own making cannot have: they would be taken for those who run the chat.
//!
//! A login of the host and an account that an administrator makes can have them, but for those of the services that are here.

use chat_proto::name::same;

use crate::lookalike::is_mistakable;

/// Roles and machines, documented in `docs/accounts.md`. `root` is a login of every host, and reserved as such.
pub const ROLES: [&str; 24] = [
    "abuse",
    "admin",
    "administrator",
    "chatd",
    "console",
    "daemon",
    "everyone",
    "helpdesk",
    "hostmaster",
    "moderator",
    "network",
    "nobody",
    "oper",
    "operator",
    "owner",
    "postmaster",
    "security",
    "server",
    "service",
    "services",
    "staff",
    "support",
    "system",
    "webmaster",
];

/// Services that other networks have, and people trust with passwords.
pub const SERVICES: [&str; 14] = [
    "AuthServ",
    "BotServ",
    "ChanServ",
    "GameServ",
    "Global",
    "GroupServ",
    "HelpServ",
    "HostServ",
    "InfoServ",
    "MemoServ",
    "NickServ",
    "OperServ",
    "StatServ",
    "TalkServ",
];

/// Whether a name is a reserved one, or could be taken for one.
pub fn is_reserved(name: &str) -> bool {
    ROLES.iter().chain(&SERVICES).any(|reserved| same(name, reserved) || is_mistakable(name, reserved))
}

/// A name without the signs that decorate it: `_admin_` says no more than `admin`.
pub fn undecorated(name: &str) -> String {
    name.chars().filter(|&c| c == '|' || c.is_ascii_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_listed_once_and_in_order() {
        assert!(ROLES.is_sorted_by(|a, b| a < b) && SERVICES.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn the_documentation_lists_all_reserved_names() {
        let page = include_str!("../../../docs/accounts.md");
        for name in ROLES.iter().chain(&SERVICES) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn reserved_names_are_known_in_disguise() {
        for name in ["ADMIN", "adm1n", "5erver", "ChanServ", "chan5erv", "0perator", "systern", "rnoderator"]
        {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["adam", "roots", "sam", "modern", "ross", "operatic", "rooter"] {
            assert!(!is_reserved(name), "{name}");
        }
    }
}
