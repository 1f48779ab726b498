//! What happens to accounts, and who is kept out, as entries of the log.

use chat_proto::name::Nick;
use chatd_core::{AccountEvent, Administrator, BanEvent, BanTarget, Registrar};

use super::event::{EventKind, Fields, Place};
use super::facts::name_of;

pub(super) fn account(name: &Nick, event: &AccountEvent) {
    let account = Some(name.as_str());
    match event {
        AccountEvent::Registered { by, .. } => {
            by_any(EventKind::AccountRegistered, "account registered", name, by);
        }
        AccountEvent::PasswordSet { by, .. } => by_any(EventKind::PasswordSet, "password set", name, by),
        AccountEvent::CertificateAdded { .. } | AccountEvent::CertificateRemoved { .. } => {
            let fields = Fields { account, ..Fields::default() };
            EventKind::CertificateChanged
                .log(&fields, format_args!("certificates of an account changed: {name}"));
        }
        AccountEvent::Suspended { by, reason } => {
            let fields = Fields { account, reason: reason.as_deref(), ..Fields::from(by) };
            EventKind::AccountSuspended
                .log(&fields, format_args!("account suspended by {}: {name}", name_of(by)));
        }
        AccountEvent::Resumed { by } => {
            let fields = Fields { account, ..Fields::from(by) };
            EventKind::AccountResumed
                .log(&fields, format_args!("account resumed by {}: {name}", name_of(by)));
        }
        AccountEvent::Removed { by } => {
            let fields = Fields { account, ..Fields::from(by) };
            EventKind::AccountRemoved
                .log(&fields, format_args!("account removed by {}: {name}", name_of(by)));
        }
        AccountEvent::Rehashed { .. } => {}
    }
}

fn by_any(kind: EventKind, what: &str, name: &Nick, by: &Registrar) {
    let account = Some(name.as_str());
    match by {
        Registrar::Owner(from) => {
            let fields = Fields { account, ..Fields::from(&**from) };
            kind.log(&fields, format_args!("{what} from {}: {name}", Place(from)));
        }
        Registrar::Administrator(by) => {
            let fields = Fields { account, ..Fields::from(by) };
            kind.log(&fields, format_args!("{what} by {}: {name}", name_of(by)));
        }
    }
}

pub(super) fn ban(event: &BanEvent) {
    match event {
        BanEvent::Set { ban, by } => {
            ban_entry(EventKind::BanSet, "ban set", &ban.target, by, ban.reason.as_deref());
        }
        BanEvent::Lifted { target, by } => ban_entry(EventKind::BanLifted, "ban lifted", target, by, None),
        BanEvent::Expired { target } => {
            let target = target.to_string();
            let fields = Fields { target: Some(&target), ..Fields::default() };
            EventKind::BanExpired.log(&fields, format_args!("ban expired: {target}"));
        }
    }
}

fn ban_entry(kind: EventKind, what: &str, target: &BanTarget, by: &Administrator, reason: Option<&str>) {
    let target = target.to_string();
    let fields = Fields { target: Some(&target), reason, ..Fields::from(by) };
    kind.log(&fields, format_args!("{what} by {}: {target}", name_of(by)));
}
