//! From the bytes of a call to what is asked, in two steps: the envelope, then the method's parameters.
//! Whatever is odd about it becomes an error that names the odd part.

use std::time::Duration;

use chat_proto::admin::{
    AcceptClock, Accounts, AddAccount, Announce, Backup, BanRequest, Bans, CancelShutdown, Channels, Check,
    CountHistory, EraseHistory, Error, ExportHistory, ImportHistory, Kick, List, LogLevel, Method, Password,
    RawCall, Redact, Reload, RemoveAccount, ResumeAccount, ServiceError, SetLogLevel, SetPassword, Show,
    ShowAccount, Shutdown, StatusRequest, SuspendAccount, Unban, Version, Watch,
};
use chatd_core::AdminCommand;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::history::{self, Work};
use super::service::{GetInfo, GetInterfaceDescription, SERVICE};
use crate::store::{Of, Selection};

/// An announcement goes to everybody, line by line.
const MAX_TEXT: usize = 16 * 1024;
const MAX_TEXT_LINES: usize = 100;
/// Characters of a parameter's name in an error.
const MAX_NAME: usize = 64;

/// A call whose envelope could be read.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) more: bool,
    pub(super) oneway: bool,
    pub(super) request: Result<Request, Refusal>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Core(AdminCommand),
    /// What the core is asked only once it is known whether the host has a login of that name.
    Account {
        name: String,
        request: AccountRequest,
    },
    /// How much there is of somebody in the history.
    Count {
        name: String,
    },
    /// A message that must be found before the core is asked to take it back.
    Redact {
        id: String,
        reason: Option<String>,
    },
    Work(Work),
    Reload,
    Check,
    SetLogLevel(LogLevel),
    AcceptClock,
    Version,
    Watch,
    GetInfo,
    Describe {
        interface: String,
    },
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum AccountRequest {
    Show,
    Add(Password),
    SetPassword(Password),
    Suspend { reason: Option<String> },
    Remove,
}

/// Why a call is answered by an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(untagged)]
pub(super) enum Refusal {
    #[error(transparent)]
    Admin(#[from] Error),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Refusal {
    /// The error's name on the wire, without what the caller wrote.
    pub(super) fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["error"].as_str().unwrap_or("unknown").to_owned()
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Call, Refusal> {
    let raw: RawCall<'_> = object(std::str::from_utf8(bytes).unwrap_or_default(), "method")?;
    let request = if raw.upgrade {
        Err(ServiceError::MethodNotImplemented { method: raw.method.clone() }.into())
    } else {
        request(&raw)
    };
    Ok(Call { method: raw.method, more: raw.more, oneway: raw.oneway, request })
}

fn request(raw: &RawCall<'_>) -> Result<Request, Refusal> {
    match raw.method.strip_prefix(SERVICE) {
        Some(".GetInfo") => parameters::<GetInfo>(raw).map(|GetInfo {}| Request::GetInfo),
        Some(".GetInterfaceDescription") => {
            parameters(raw).map(|GetInterfaceDescription { interface }| Request::Describe { interface })
        }
        _ => admin_request(raw),
    }
}

fn admin_request(raw: &RawCall<'_>) -> Result<Request, Refusal> {
    let command = match raw.method.as_str() {
        Reload::NAME => return parameters(raw).map(|Reload {}| Request::Reload),
        Check::NAME => return parameters(raw).map(|Check {}| Request::Check),
        SetLogLevel::NAME => return parameters(raw).map(|SetLogLevel { level }| Request::SetLogLevel(level)),
        AcceptClock::NAME => return parameters(raw).map(|AcceptClock {}| Request::AcceptClock),
        Version::NAME => return parameters(raw).map(|Version {}| Request::Version),
        Watch::NAME => return parameters(raw).and_then(|watch| watch_request(raw.more, &watch)),
        Backup::NAME
        | ExportHistory::NAME
        | Redact::NAME
        | CountHistory::NAME
        | EraseHistory::NAME
        | ImportHistory::NAME => {
            return history_request(raw);
        }
        ShowAccount::NAME
        | AddAccount::NAME
        | SetPassword::NAME
        | SuspendAccount::NAME
        | RemoveAccount::NAME => {
            return account_request(raw);
        }
        List::NAME => parameters(raw).map(|List {}| AdminCommand::List)?,
        Channels::NAME => parameters(raw).map(|Channels {}| AdminCommand::Channels)?,
        StatusRequest::NAME => parameters(raw).map(|StatusRequest {}| AdminCommand::Status)?,
        CancelShutdown::NAME => parameters(raw).map(|CancelShutdown {}| AdminCommand::CancelShutdown)?,
        Show::NAME => parameters(raw).map(|Show { name }| AdminCommand::Show { name })?,
        Announce::NAME => announce(parameters(raw)?)?,
        Kick::NAME => kick(parameters(raw)?),
        Shutdown::NAME => shutdown(parameters(raw)?),
        Accounts::NAME => parameters(raw).map(|Accounts {}| AdminCommand::Accounts)?,
        ResumeAccount::NAME => {
            parameters(raw).map(|ResumeAccount { name }| AdminCommand::ResumeAccount { name })?
        }
        Bans::NAME => parameters(raw).map(|Bans {}| AdminCommand::Bans)?,
        BanRequest::NAME => ban(parameters(raw)?),
        Unban::NAME => parameters(raw).map(|Unban { target }| AdminCommand::Unban { target })?,
        method => return Err(ServiceError::MethodNotFound { method: method.to_owned() }.into()),
    };
    Ok(Request::Core(command))
}

fn account_request(raw: &RawCall<'_>) -> Result<Request, Refusal> {
    let (name, request) = match raw.method.as_str() {
        ShowAccount::NAME => parameters(raw).map(|ShowAccount { name }| (name, AccountRequest::Show))?,
        AddAccount::NAME => {
            parameters(raw).map(|AddAccount { name, password }| (name, AccountRequest::Add(password)))?
        }
        SetPassword::NAME => parameters(raw)
            .map(|SetPassword { name, password }| (name, AccountRequest::SetPassword(password)))?,
        RemoveAccount::NAME => {
            parameters(raw).map(|RemoveAccount { name }| (name, AccountRequest::Remove))?
        }
        _ => parameters(raw).map(|SuspendAccount { name, reason }| {
            (name, AccountRequest::Suspend { reason: worded(reason) })
        })?,
    };
    Ok(Request::Account { name, request })
}

fn history_request(raw: &RawCall<'_>) -> Result<Request, Refusal> {
    let work = match raw.method.as_str() {
        CountHistory::NAME => return parameters(raw).map(|CountHistory { name }| Request::Count { name }),
        Redact::NAME => {
            let redact = |Redact { id, reason }| Request::Redact { id, reason: worded(reason) };
            return parameters(raw).map(redact);
        }
        Backup::NAME => parameters(raw).map(|Backup {}| Work::Backup)?,
        ExportHistory::NAME => Work::Export(export(parameters(raw)?)),
        EraseHistory::NAME => parameters(raw).map(|EraseHistory { name }| Work::Erase { name })?,
        _ => history::import(parameters(raw)?)?,
    };
    if raw.more { Ok(Request::Work(work)) } else { Err(ServiceError::ExpectedMore {}.into()) }
}

fn export(ExportHistory { channel, account, since, until, private }: ExportHistory) -> Selection {
    let of = match (channel, account) {
        (Some(channel), _) => Of::Channel(channel),
        (None, Some(account)) => Of::Account(account),
        (None, None) if private.unwrap_or(false) => Of::Everybody,
        (None, None) => Of::AllChannels,
    };
    Selection { of, since, until }
}

fn watch_request(more: bool, Watch {}: &Watch) -> Result<Request, Refusal> {
    if more { Ok(Request::Watch) } else { Err(ServiceError::ExpectedMore {}.into()) }
}

/// Bounds how much is said at once; whether it can be said is for the core to judge.
fn announce(Announce { text }: Announce) -> Result<AdminCommand, Error> {
    if text.len() <= MAX_TEXT && text.lines().count() <= MAX_TEXT_LINES {
        return Ok(AdminCommand::Announce { text });
    }
    let reason = format!("it is too long; {MAX_TEXT} bytes and {MAX_TEXT_LINES} lines are the most");
    Err(Error::InvalidText { reason })
}

fn kick(Kick { name, reason, ban_ms }: Kick) -> AdminCommand {
    AdminCommand::Kick { name, reason: worded(reason), ban: ban_ms.map(Duration::from_millis) }
}

fn ban(BanRequest { target, duration_ms, reason, force }: BanRequest) -> AdminCommand {
    let duration = duration_ms.map(Duration::from_millis);
    AdminCommand::Ban { target, force: force.unwrap_or_default(), duration, reason: worded(reason) }
}

fn shutdown(Shutdown { after_ms, reason }: Shutdown) -> AdminCommand {
    let after = Duration::from_millis(after_ms.unwrap_or_default());
    AdminCommand::Shutdown { after, reason: worded(reason) }
}

/// An empty reason is none.
fn worded(reason: Option<String>) -> Option<String> {
    reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty())
}

fn parameters<P: DeserializeOwned>(raw: &RawCall<'_>) -> Result<P, Refusal> {
    object(raw.parameters.map_or("{}", RawValue::get), "parameters")
}

/// Reads a struct from an object and nothing else: serde would take an array as well. `whole` is what is
/// named when no single field is wrong.
fn object<'a, T: Deserialize<'a>>(json: &'a str, whole: &str) -> Result<T, Refusal> {
    let wrong = || ServiceError::InvalidParameter { parameter: whole.to_owned() };
    if !json.trim_start().starts_with('{') {
        return Err(wrong().into());
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let object =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| invalid(&error, whole))?;
    deserializer.end().map_err(|_| wrong())?;
    Ok(object)
}

/// Names the field that is wrong: where the path ends, or, when one is missing or unknown, the one that
/// serde's message quotes.
fn invalid(error: &serde_path_to_error::Error<serde_json::Error>, whole: &str) -> Refusal {
    let message = error.inner().to_string();
    let quoted = message.split('`').nth(1).filter(|_| message.contains("field `"));
    let path = error.path().to_string();
    let parameter = match quoted {
        Some(field) => field,
        None if path == "." || path == "?" => whole,
        None => &path,
    };
    ServiceError::InvalidParameter { parameter: parameter.chars().take(MAX_NAME).collect() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Result<Request, Refusal> {
        parse(json.as_bytes()).and_then(|call| call.request)
    }

    fn invalid_parameter(name: &str) -> Result<Request, Refusal> {
        Err(ServiceError::InvalidParameter { parameter: name.into() }.into())
    }

    #[test]
    fn parameters_may_be_absent_null_or_empty() {
        for parameters in ["", r#","parameters":null"#, r#","parameters":{}"#] {
            let call = format!(r#"{{"method":"org.chatd.Admin.List"{parameters}}}"#);
            assert_eq!(parsed(&call), Ok(Request::Core(AdminCommand::List)));
        }
    }

    #[test]
    fn an_error_names_the_parameter_that_is_missing_unknown_or_of_the_wrong_type() {
        let kick = |parameters: &str| {
            parsed(&format!(r#"{{"method":"org.chatd.Admin.Kick","parameters":{parameters}}}"#))
        };
        assert_eq!(kick("{}"), invalid_parameter("name"));
        assert_eq!(kick("null"), invalid_parameter("name"));
        assert_eq!(kick(r#"{"name":5}"#), invalid_parameter("name"));
        assert_eq!(kick(r#"{"name":"a","reason":["b"]}"#), invalid_parameter("reason"));
        assert_eq!(kick(r#"{"name":"a","ban":1}"#), invalid_parameter("ban"));
        assert_eq!(kick(r#"["a"]"#), invalid_parameter("parameters"));
        assert_eq!(kick("7"), invalid_parameter("parameters"));
    }

    #[test]
    fn what_is_no_call_is_an_error_about_the_method() {
        let list = r#"["org.chatd.Admin.List"]"#;
        let more = r#"{"method":"org.chatd.Admin.List"} {}"#;
        for bytes in ["", "{", "{}", "nonsense", r#"{"method":1}"#, r#"{"parameters":{}}"#, list, more] {
            assert_eq!(parsed(bytes), invalid_parameter("method"), "{bytes}");
        }
    }

    #[test]
    fn an_upgrade_is_refused_and_an_unknown_method_named() {
        let upgrade = r#"{"method":"org.chatd.Admin.List","upgrade":true}"#;
        let refused = ServiceError::MethodNotImplemented { method: "org.chatd.Admin.List".into() };
        assert_eq!(parsed(upgrade), Err(refused.into()));
        let unknown = ServiceError::MethodNotFound { method: "org.chatd.Admin.Fly".into() };
        assert_eq!(parsed(r#"{"method":"org.chatd.Admin.Fly"}"#), Err(unknown.into()));
    }

    #[test]
    fn an_announcement_is_bounded_in_bytes_and_lines() {
        let announce = |text: &str| announce(Announce { text: text.into() });
        assert!(announce(&"x".repeat(MAX_TEXT + 1)).is_err());
        assert!(announce(&"x\n".repeat(MAX_TEXT_LINES + 1)).is_err());
        assert!(announce(&"x\n".repeat(MAX_TEXT_LINES)).is_ok());
    }

    #[test]
    fn a_reason_of_blanks_is_no_reason() {
        let kick = kick(Kick { name: "bob".into(), reason: Some(" ".into()), ban_ms: None });
        assert_eq!(kick, AdminCommand::Kick { name: "bob".into(), reason: None, ban: None });
    }

    #[test]
    fn watching_needs_more() {
        let watch = r#"{"method":"org.chatd.Admin.Watch"}"#;
        assert_eq!(parsed(watch), Err(ServiceError::ExpectedMore {}.into()));
        let watch = r#"{"method":"org.chatd.Admin.Watch","more":true}"#;
        assert_eq!(parsed(watch), Ok(Request::Watch));
    }
}
