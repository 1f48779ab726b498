//! Who somebody is: passwords, and the logins of this host.

pub(crate) mod credentials;
pub(crate) mod hashing;
pub(crate) mod login;
pub(crate) mod password;
