//! `account [list]`, `account show NAME`, `add`, `password`, `suspend`, `resume` and `remove`

use chat_proto::admin;
use chat_proto::admin::{
    Account, Accounts, AddAccount, Password, RemoveAccount, ResumeAccount, SetPassword, ShowAccount,
    SuspendAccount, Suspension,
};
use chat_proto::name::Nick;
use clap::Subcommand;
use serde_json::json;

use super::confirmation::Confirmation;
use super::{Context, joined, plural};
use crate::failure::Failure;
use crate::output::{Page, Records, Show, Table, time};
use crate::secret;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AccountCommand {
    /// The accounts, how they log in, and which are suspended
    ///
    /// A login of the host is an account without being listed, until it has a password, a certificate or a
    /// suspension.
    #[command(after_help = "Example: account list")]
    List,
    /// One account whole: how it logs in, since when, and who has suspended it and why
    ///
    /// Of a login of this host too, even if it isn't listed.
    #[command(after_help = "Example: account show carol")]
    Show {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Makes an account
    ///
    /// The password is asked for, twice, or is the first line of standard input when that
    /// is not a terminal.
    #[command(after_help = "Example: account add carol")]
    Add {
        /// What it is called
        #[arg(value_name = "NAME")]
        name: String,
        /// Makes a good password and prints it, to be handed over
        #[arg(long)]
        generate: bool,
    },
    /// Sets the password of somebody who has forgotten it
    ///
    /// Who is logged in stays. A login of this host that is given a password can come from elsewhere with it.
    /// The password is asked for as for `account add`. With --generate a terminal is asked to confirm, since the
    /// password before is lost.
    #[command(after_help = "Example: account password carol --generate")]
    Password {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
        /// Makes a good password and prints it, to be handed over
        #[arg(long)]
        generate: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Shuts an account until it is resumed, and puts its user out
    ///
    /// Of a login of this host too, which then cannot come in at all.
    #[command(after_help = "Example: account suspend carol --reason holidays")]
    Suspend {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
        /// What the user is told
        #[arg(long, value_name = "TEXT", num_args = 1..)]
        reason: Vec<String>,
    },
    /// Opens an account that is suspended
    #[command(after_help = "Example: account resume carol")]
    Resume {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Forgets an account, its password and its certificates, and puts its user out
    ///
    /// Others may take the name then. A login of this host stays one and only loses its password,
    /// certificates and suspension. It cannot be undone, and asks on a terminal.
    #[command(after_help = "Example: account remove carol")]
    Remove {
        /// Whose
        #[arg(value_name = "NAME")]
        name: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(super) fn run(context: &mut Context<'_>, command: &AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::List => list(context),
        AccountCommand::Show { name } => {
            let shown = context.connector.call(&ShowAccount { name: name.clone() })?;
            Ok(context.output.show(&shown.account)?)
        }
        AccountCommand::Add { name, generate } => add(context, name, *generate),
        AccountCommand::Password { name, generate, confirmation } => {
            set_password(context, name, *generate, *confirmation)
        }
        AccountCommand::Suspend { name, reason } => suspend(context, name, reason),
        AccountCommand::Resume { name } => {
            context.connector.call(&ResumeAccount { name: name.clone() })?;
            Ok(context.output.show(&Outcome::of(name, format!("{name} may log in again")))?)
        }
        AccountCommand::Remove { name, confirmation } => {
            confirmation.obtain(context, |_| {
                format!("remove the account {name}, its password and its certificates for good?")
            })?;
            let out = context.connector.call(&RemoveAccount { name: name.clone() })?;
            Ok(context.output.show(&PutOut { did: "removed the account", name, sessions: out.sessions })?)
        }
    }
}

fn list(context: &mut Context<'_>) -> Result<(), Failure> {
    let mut accounts = context.connector.list(&Accounts {}, |reply| reply.accounts)?;
    accounts.sort_by_cached_key(|account| account.name.to_lowercase());
    Ok(context.output.show(&AccountTable(accounts))?)
}

fn add(context: &mut Context<'_>, name: &str, generate: bool) -> Result<(), Failure> {
    let password = password(context, name, generate)?;
    context.connector.call(&AddAccount { name: name.to_owned(), password: password.clone() })?;
    let outcome = Outcome::of(name, format!("made the account {name}"));
    Ok(context.output.show(&Outcome { made: generate.then_some(password), ..outcome })?)
}

fn set_password(
    context: &mut Context<'_>,
    name: &str,
    generate: bool,
    confirmation: Confirmation,
) -> Result<(), Failure> {
    // A typed password is a confirmation.
    if generate {
        confirmation.obtain(context, |_| format!("replace the password of {name}?"))?;
    }
    let password = password(context, name, generate)?;
    context.connector.call(&SetPassword { name: name.to_owned(), password: password.clone() })?;
    let outcome = Outcome::of(name, format!("{name} has a new password"));
    Ok(context.output.show(&Outcome { made: generate.then_some(password), ..outcome })?)
}

/// Nobody is asked for a password that cannot be used.
fn password(context: &mut Context<'_>, name: &str, generate: bool) -> Result<Password, Failure> {
    if let Err(error) = Nick::new(name) {
        return Err(admin::Error::InvalidName { name: name.to_owned(), reason: error.to_string() }.into());
    }
    if generate { secret::made() } else { context.ask.password(name) }
}

fn suspend(context: &mut Context<'_>, name: &str, reason: &[String]) -> Result<(), Failure> {
    let out = context.connector.call(&SuspendAccount { name: name.to_owned(), reason: joined(reason) })?;
    Ok(context.output.show(&PutOut { did: "suspended", name, sessions: out.sessions })?)
}

struct Outcome<'a> {
    name: &'a str,
    said: String,
    /// Shown once, to be handed over.
    made: Option<Password>,
}

impl<'a> Outcome<'a> {
    fn of(name: &'a str, said: String) -> Self {
        Self { name, said, made: None }
    }
}

impl Show for Outcome<'_> {
    fn text(&self, page: &mut Page) {
        page.line(&self.said);
        if let Some(password) = &self.made {
            page.line(format!("password: {}", password.reveal()));
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        match &self.made {
            Some(password) => records.push(&json!({"name": self.name, "password": password.reveal()})),
            None => records.push(&json!({"name": self.name})),
        }
    }
}

struct PutOut<'a> {
    did: &'static str,
    name: &'a str,
    sessions: u64,
}

impl Show for PutOut<'_> {
    fn text(&self, page: &mut Page) {
        let sessions = plural(self.sessions, "session", "sessions");
        page.line(format!("{} {}, {sessions} ended", self.did, self.name));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"name": self.name, "sessions": self.sessions}))
    }
}

struct AccountTable(Vec<Account>);

impl Show for AccountTable {
    fn text(&self, page: &mut Page) {
        if self.0.is_empty() {
            return page.line("there are no accounts but the logins of this host");
        }
        let mut table =
            Table::with_heading(&["ACCOUNT", "LOGS IN BY", "SESSIONS", "SINCE", "EMAIL", "SUSPENDED"]);
        for account in &self.0 {
            table.push([
                &account.name,
                &ways(account),
                &account.sessions.to_string(),
                &account.created_at.map(time::since).unwrap_or_default(),
                account.email.as_deref().unwrap_or_default(),
                &account.suspended.as_ref().map(suspended).unwrap_or_default(),
            ]);
        }
        page.table(&table);
        page.line(plural(self.0.len() as u64, "account", "accounts"));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        self.0.iter().try_for_each(|account| records.push(account))
    }
}

impl Show for Account {
    fn text(&self, page: &mut Page) {
        let mut table = Table::plain();
        table.push(["account", &self.name]);
        let status =
            self.suspended.as_ref().map_or("active".into(), |how| format!("suspended {}", suspended(how)));
        table.push(["status", &status]);
        table.push(["login", if self.login { "of this host" } else { "none of this host" }]);
        table.push(["logs in by", &ways(self)]);
        let created = self.created_at.map_or("nothing is kept of it".into(), |at| {
            format!("{}, {} ago", time::clock(at), time::since(at))
        });
        table.push(["created", &created]);
        table.push(["email", self.email.as_deref().unwrap_or("none")]);
        table.push(["sessions", &self.sessions.to_string()]);
        for certificate in &self.certificates {
            table.push(["certificate", certificate]);
        }
        page.table(&table);
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

fn ways(account: &Account) -> String {
    let certificates = account.certificates.len() as u64;
    let ways = [
        account.login.then(|| "login".to_owned()),
        account.password.then(|| "password".to_owned()),
        (certificates > 0).then(|| plural(certificates, "certificate", "certificates")),
    ];
    let ways: Vec<String> = ways.into_iter().flatten().collect();
    if ways.is_empty() { "nothing".into() } else { ways.join(", ") }
}

fn suspended(Suspension { by, at, reason }: &Suspension) -> String {
    let why = reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("by {by} {} ago{why}", time::since(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_how_each_logs_in_and_who_is_suspended() {
        let now = time::now();
        let carol = Account {
            name: "carol\u{1b}[2J".into(),
            created_at: Some(now),
            email: None,
            login: false,
            password: true,
            certificates: vec!["00".into(), "ff".into()],
            suspended: Some(Suspension { by: "root".into(), at: now, reason: Some("holidays".into()) }),
            sessions: 0,
        };
        let mut page = Page::default();
        AccountTable(vec![carol]).text(&mut page);
        let text = page.into_string();
        assert!(
            text.contains("password, 2 certificates") && text.contains("by root 0s ago: holidays"),
            "{text}"
        );
        assert!(text.ends_with("1 account\n") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_made_password_is_shown_and_another_is_not() {
        let shown = |made: Option<Password>| {
            let mut page = Page::default();
            Outcome { made, ..Outcome::of("carol", "made the account carol".into()) }.text(&mut page);
            page.into_string()
        };
        assert_eq!(shown(None), "made the account carol\n");
        let made = secret::made().expect("random");
        assert_eq!(
            shown(Some(made.clone())),
            format!("made the account carol\npassword: {}\n", made.reveal())
        );
    }
}
