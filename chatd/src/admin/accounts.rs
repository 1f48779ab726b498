//! What is found out before the core is asked about an account: what to keep of the password, and whether the host has
//! a login of that name. Both can take their time, so they have threads of their own.

use chat_proto::admin::{Error, Password};
use chat_proto::name::Nick;
use chat_proto::sasl::prepared;
use chatd_core::{AdminCommand, BadPassword, Credentials, check_password};
use tokio::sync::Semaphore;

use super::call::AccountRequest;
use crate::auth::hashing::Hashing;
use crate::auth::{credentials, login};

/// Look-ups for administrators at once.
static LOOKUPS: Semaphore = Semaphore::const_new(2);

pub(super) async fn command(
    hashing: &Hashing,
    name: String,
    request: AccountRequest,
) -> Result<AdminCommand, Error> {
    if let AccountRequest::Add(password) | AccountRequest::SetPassword(password) = &request {
        usable(&name, password.reveal())?;
    }
    let login = is_login(&name).await?;
    Ok(match request {
        AccountRequest::Add(password) => {
            AdminCommand::AddAccount { name, credentials: kept(hashing, password).await?, login }
        }
        AccountRequest::SetPassword(password) => {
            AdminCommand::SetPassword { name, credentials: kept(hashing, password).await?, login }
        }
        AccountRequest::Show => AdminCommand::ShowAccount { name, login },
        AccountRequest::Suspend { reason } => AdminCommand::SuspendAccount { name, reason, login },
        AccountRequest::Remove => AdminCommand::RemoveAccount { name, login },
    })
}

/// Administrators may set a short one to begin with.
fn usable(name: &str, password: &str) -> Result<(), Error> {
    let reason = match check_password(name, password) {
        Err(BadPassword::Weak) if prepared(password).is_empty() => String::from("it is empty"),
        Ok(()) | Err(BadPassword::Weak) => return Ok(()),
        Err(fault @ BadPassword::Unusable) => format!("it {fault}"),
    };
    Err(Error::InvalidPassword { reason })
}

async fn is_login(name: &str) -> Result<bool, Error> {
    let Ok(name) = Nick::new(name) else { return Ok(false) };
    let seat = LOOKUPS.acquire().await;
    // Whoever gave up waiting for the answer has not made room for another.
    let look_up = move || {
        let exists = login::by_name(&name).is_some();
        drop(seat);
        exists
    };
    let broken = |_| Error::Unavailable { reason: "the account could not be looked up".into() };
    tokio::task::spawn_blocking(look_up).await.map_err(broken)
}

async fn kept(hashing: &Hashing, password: Password) -> Result<Box<Credentials>, Error> {
    let made = hashing.for_administrator(move || credentials::make(password.reveal())).await;
    let made = made.map_err(|error| error.to_string());
    made.and_then(|made| made.map(Box::new).map_err(|error| error.to_string())).map_err(|error| {
        tracing::error!("cannot make the credentials of an account: {error}");
        Error::Unavailable { reason: "the password could not be hashed".into() }
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn password(text: &str) -> Password {
        Password::new(Zeroizing::new(text.into()))
    }

    async fn asked(name: &str, change: AccountRequest) -> Result<AdminCommand, Error> {
        command(&Hashing::start().unwrap(), name.into(), change).await
    }

    #[tokio::test]
    async fn a_password_becomes_what_is_kept_of_it_and_a_login_is_recognised() {
        let added = asked("nobody_has_this_login", AccountRequest::Add(password("correct horse"))).await;
        let Ok(AdminCommand::AddAccount { credentials: kept, login: false, .. }) = added else {
            panic!("{added:?}")
        };
        assert!(credentials::check(Some(&kept), "correct horse").matches);
        let suspended = asked("ROOT", AccountRequest::Suspend { reason: None }).await;
        assert!(matches!(suspended, Ok(AdminCommand::SuspendAccount { login: true, .. })), "{suspended:?}");
    }

    #[tokio::test]
    async fn a_password_that_nobody_could_type_or_that_is_none_is_refused() {
        let long = "x".repeat(chatd_core::PASSWORD_MAX + 1);
        for bad in
            ["", "line\nbreak", "delete\u{7f}d", "\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}\u{ad}", &long]
        {
            let refused = asked("anna", AccountRequest::SetPassword(password(bad))).await;
            assert!(matches!(refused, Err(Error::InvalidPassword { .. })), "{bad:?}");
        }
    }
}
