//! What happens to accounts, and who is kept out, as entries of the log.

use chat_proto::name::Nick;
use chatd_core::{AccountEvent, BanEvent, Registrar};

use super::event::{EventKind, Fields, Place, Quoted};
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
        AccountEvent::OwnerChanged { former_uid, uid } => {
            let fields = Fields { account, uid: Some(*uid), ..Fields::default() };
            EventKind::OwnerChanged.log(
                &fields,
                format_args!(
                    "login has another uid, so it is another person's now: {name}, uid {uid}, formerly {former_uid}"
                ),
            );
        }
        AccountEvent::Rehashed { .. } | AccountEvent::Delivered { .. } | AccountEvent::LoginBound { .. } => {}
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
            let target = ban.target.to_string();
            let reason = ban.reason.as_deref();
            let fields = Fields { target: Some(&target), reason, ..Fields::from(by) };
            let length = ban.until.map_or_else(|| String::from("for ever"), |until| lasting(until - ban.at));
            let why = reason.map(|reason| format!(": {}", Quoted(reason))).unwrap_or_default();
            EventKind::BanSet
                .log(&fields, format_args!("ban set by {}: {target}, {length}{why}", name_of(by)));
        }
        BanEvent::Lifted { target, by } => {
            let target = target.to_string();
            let fields = Fields { target: Some(&target), ..Fields::from(by) };
            EventKind::BanLifted.log(&fields, format_args!("ban lifted by {}: {target}", name_of(by)));
        }
        BanEvent::Expired { target } => {
            let target = target.to_string();
            let fields = Fields { target: Some(&target), ..Fields::default() };
            EventKind::BanExpired.log(&fields, format_args!("ban expired: {target}"));
        }
    }
}

/// `for` and a length of time in milliseconds, as `chatctl ban --for` takes it.
fn lasting(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    let units = [(24 * 3600, "d"), (3600, "h"), (60, "min")];
    let (length, unit) =
        units.into_iter().find(|(length, _)| seconds.is_multiple_of(*length)).unwrap_or((1, "s"));
    format!("for {} {unit}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_its_largest_whole_unit() {
        let told = [(90_000, "for 90 s"), (7_200_000, "for 2 h"), (604_800_000, "for 7 d"), (1, "for 1 s")];
        for (milliseconds, text) in told {
            assert_eq!(lasting(milliseconds), text);
        }
    }
}
