//! Commands become events and replies. One file per command or family; they read the state and never change it but
//! by [`Tx::emit`](crate::tx::Tx::emit).

mod account;
mod admin;
mod authenticate;
mod away;
mod batch;
mod cap;
mod check;
mod foreign;
mod help;
mod history;
mod idle;
mod info;
mod invite;
mod join;
mod keep;
mod kick;
mod list;
mod login_uid;
mod make_way;
mod markread;
mod message;
mod mode;
mod monitor;
mod names;
mod nickserv;
mod oper;
mod part;
mod ping;
mod presence;
mod quit;
mod redact;
mod register;
mod resume;
mod scan;
mod service;
mod setname;
mod sight;
mod standing;
mod table;
mod talk;
mod targets;
mod tick;
mod topic;
mod user_mode;
mod welcome;
mod who;
mod whois;
mod whowas;

use chat_proto::message::Message;
use chat_proto::numeric::{
    ERR_INPUTTOOLONG, ERR_NEEDMOREPARAMS, ERR_NOTREGISTERED, ERR_PASSWDMISMATCH, ERR_UNKNOWNCOMMAND,
};

use crate::ban::Suspect;
use crate::event::{Ending, Wait};
use crate::id::ConnId;
use crate::input::{Incoming, JobDone};
use crate::state::Session;
use crate::tx::{Caller, Tx, label_of};

pub use account::{BadPassword, PASSWORD_MAX, check_password};
pub use admin::admin;
pub use login_uid::recognise as recognise_login;
use table::Run;
pub use tick::{policy, resumed, stop, tick};

/// How many bytes of a client's own words an error quotes.
const QUOTE: usize = 64;

/// Decides whether a connection may stay.
pub fn opened(tx: &mut Tx<'_>, conn: ConnId) {
    let state = tx.state();
    if state.stopping {
        return tx.disconnect(conn, Ending::Stopping, "Server shutting down");
    }
    let Some(session) = state.sessions.get(conn) else { return };
    if let Some(ban) = state.bans.against(&Suspect::of(&session.peer), tx.now().expiry.0) {
        let why = format!("Banned{}", register::because(ban.reason.as_deref()));
        tx.disconnect(conn, Ending::Refused, &why);
    }
}

/// Decides one line of a connection.
pub fn line(tx: &mut Tx<'_>, conn: ConnId, line: &Incoming) {
    if let Incoming::Message(message) = line {
        tx.begin(conn, label_of(message).as_deref());
        if !batch::takes(tx, conn, message) {
            command(tx, conn, message);
        }
    } else {
        tx.begin(conn, None);
        unreadable(tx, conn, line);
        batch::line_lost(tx, conn);
    }
    tx.finish();
}

fn unreadable(tx: &mut Tx<'_>, conn: ConnId, line: &Incoming) {
    match line {
        Incoming::Message(_) => {}
        Incoming::TooLong { command: Some(command) } | Incoming::NotUtf8 { command: Some(command) }
            if foreign::ends_unreadable(tx, conn, command) => {}
        Incoming::TooLong { .. } => tx.numeric(ERR_INPUTTOOLONG, format_args!(":Input line was too long")),
        Incoming::NotUtf8 { command } => {
            let command = command.as_deref().unwrap_or("*");
            tx.fail(command, "INVALID_UTF8", format_args!(":Message rejected, it is not UTF-8"));
        }
        Incoming::Malformed => {
            tx.numeric(ERR_UNKNOWNCOMMAND, format_args!("* :This is no IRC command"));
        }
    }
}

fn command(tx: &mut Tx<'_>, conn: ConnId, message: &Message) {
    let registered = tx.state().sessions.get(conn).and_then(Session::user);
    let found = table::find(message.command());
    if (registered.is_none() || found.is_none()) && foreign::ends(tx, conn, message) {
        return;
    }
    let Some(command) = found else {
        let name = check::word(message.command());
        return tx.numeric(ERR_UNKNOWNCOMMAND, format_args!("{name} :Unknown command"));
    };
    if registered.is_none() && matches!(command.run, Run::User(_)) {
        return tx.numeric(ERR_NOTREGISTERED, format_args!(":You have not registered"));
    }
    if message.params().len() < command.params {
        return tx.numeric(ERR_NEEDMOREPARAMS, format_args!("{} :Not enough parameters", command.name));
    }
    if let Some(user) = registered
        && command.is_by_hand(message)
    {
        idle::acted(tx, Caller { conn, user });
    }
    match (command.run, registered) {
        (Run::Conn(run), _) => run(tx, conn, message),
        (Run::User(run), Some(user)) => run(tx, Caller { conn, user }, message),
        (Run::User(_), None) => {}
    }
}

/// Goes on with what waited for a job.
pub fn job_done(tx: &mut Tx<'_>, conn: ConnId, done: &JobDone) {
    let Some(wait) = tx.state().sessions.get(conn).and_then(|session| session.wait.clone()) else { return };
    tx.emit_conn(conn, crate::event::ConnEvent::WaitOver);
    tx.begin(conn, wait.label());
    match (*wait.clone(), done) {
        (Wait::ServerPassword { .. }, JobDone::PasswordChecked { matches }) => {
            register::password_checked(tx, conn, *matches);
        }
        (Wait::Register { .. }, JobDone::LoginLookedUp { exists, .. }) => {
            register::looked_up(tx, conn, *exists);
        }
        (Wait::Rename { nick, .. }, JobDone::LoginLookedUp { exists, .. }) => {
            register::rename_looked_up(tx, conn, nick, *exists);
        }
        (wait @ Wait::Login { .. }, JobDone::AccountChecked(checked)) => {
            authenticate::password_checked(tx, conn, wait, checked);
        }
        (wait @ Wait::LogIn { .. }, JobDone::LoginLookedUp { exists, uid }) => {
            authenticate::looked_up(tx, conn, wait, (*exists, *uid));
        }
        (Wait::MakeAccount { name, email, voice, .. }, JobDone::CredentialsMade { made, .. }) => {
            account::made(tx, conn, &name, email, voice, made);
        }
        (Wait::ChangePassword { account, voice, .. }, JobDone::CredentialsMade { made, old }) => {
            account::password_made(tx, conn, (&account, old.as_deref()), voice, made);
        }
        (Wait::Oper { name, .. }, JobDone::PasswordChecked { matches }) => {
            oper::password_checked(tx, conn, name, *matches);
        }
        (Wait::Speaking(speaking), JobDone::LoginLookedUp { exists, uid }) => {
            message::looked_up(tx, conn, &speaking, (*exists, *uid));
        }
        (Wait::History { purpose, label }, JobDone::History(answer)) => {
            history::answered(tx, conn, *purpose, label, answer);
        }
        (Wait::Scan { scan, .. }, JobDone::GoOn) => {
            if let Some((user, _)) = tx.state().user_of(conn) {
                scan::go_on(tx, Caller { conn, user }, *scan);
            }
        }
        (wait, JobDone::NotDone) => not_done(tx, conn, &wait),
        _ => {}
    }
    tx.finish();
}

/// Tells who waited for it that it was not done; nobody gets in by that.
fn not_done(tx: &mut Tx<'_>, conn: ConnId, wait: &Wait) {
    match wait {
        Wait::ServerPassword { .. } => register::not_checked(tx, conn),
        Wait::Login { voice, .. } | Wait::LogIn { voice, .. } => {
            authenticate::not_checked(tx, conn, *voice);
        }
        Wait::MakeAccount { name, voice, .. } => account::not_done(tx, "REGISTER", name, *voice),
        Wait::ChangePassword { account, voice, .. } => account::not_done(tx, "PASSWD", account, *voice),
        Wait::Oper { .. } => tx.numeric(ERR_PASSWDMISMATCH, format_args!(":{}", authenticate::TOO_MANY)),
        // A name that could not be looked up counts as a login's: nobody gets another's name.
        Wait::Register { .. } => register::looked_up(tx, conn, true),
        Wait::Rename { nick, .. } => register::rename_looked_up(tx, conn, nick.clone(), true),
        Wait::Speaking(_) | Wait::History { .. } | Wait::Turn | Wait::Scan { .. } => {}
    }
}
