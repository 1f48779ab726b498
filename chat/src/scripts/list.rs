//! `chat list`: who is on.

use std::io::Write as _;

use chat_proto::name::same;
use chat_proto::text::SafeText;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::scripts::{PATIENCE, Talk, print_json};
use crate::session::{User, What};
use crate::settings::Settings;

/// Prints the users, or the one of that name, one a line: name and status, or a JSON object.
///
/// # Errors
/// Nobody has that name, or it can't be one; the server can't be reached or doesn't answer, or nobody takes the output.
pub async fn list(settings: &Settings, name: Option<&str>) -> Result<(), Failure> {
    name.map_or(Ok(()), super::checked)?;
    let mut talk = Talk::errand(settings).await?;
    talk.session.ask_users();
    let deadline = Instant::now() + PATIENCE;
    let users = loop {
        if let What::Users { users } = talk.next(deadline).await?.what {
            break users;
        }
    };
    talk.end().await;
    let is_wanted = |user: &&User| name.is_none_or(|name| same(&user.name, name));
    let users: Vec<_> = users.iter().filter(is_wanted).collect();
    if let (Some(name), []) = (name, &users[..]) {
        return Err(Failure::Refused(format!("nobody here is called {name}")));
    }
    users.into_iter().try_for_each(|user| print(user, settings.json))
}

fn print(user: &User, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(user);
    }
    let status = match (&user.presence.with, &user.presence.text) {
        (Some(with), _) => format!("busy, talking with {with}"),
        (None, Some(text)) => format!("away: {text}"),
        (None, None) => user.presence.status.name().to_owned(),
    };
    let status = SafeText::line(&status);
    let guest = if user.account.is_none() { " (guest)" } else { "" };
    writeln!(std::io::stdout(), "{:16} {status}{guest}", SafeText::name(&user.name)).map_err(Failure::Output)
}
