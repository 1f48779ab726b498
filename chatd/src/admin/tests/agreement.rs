//! The interface file and the Rust types say the same. The file is the contract, so this holds the types to it.

use chat_proto::admin::{
    Account, BackupSummary, Ban, BanKind, Certificate, Channel, ClockState, ClockStatus, CoreStatus,
    DEFINITION, DaemonStatus, Error, Event, EventKind, HistoryEntry, HistoryKind, ImportedKind, ImportedLine,
    Member, Peer, PendingShutdown, Session, SettingChange, Standing, Status, Suspension, User, UserStatus,
};
use serde::Serialize;
use serde_json::Value;
use zlink::idl::{Field, Interface, Type};

/// A value holds exactly the fields given, each of the type given. `all` wants the optional ones as well.
fn conforms<'a>(
    interface: &Interface<'_>,
    fields: impl Iterator<Item = &'a Field<'a>>,
    value: &Value,
    all: bool,
) {
    let object = value.as_object().expect("an object");
    let mut known = 0;
    for field in fields {
        let name: &str = field.name().as_ref();
        match (object.get(name), field.ty()) {
            (Some(value), ty) => {
                known += 1;
                is_a(interface, ty, value, name);
            }
            (None, Type::Optional(_)) if !all => {}
            (None, _) => panic!("{name} is missing in {value}"),
        }
    }
    assert_eq!(known, object.len(), "{value} has fields that the interface lacks");
}

fn is_a(interface: &Interface<'_>, ty: &Type<'_>, value: &Value, name: &str) {
    match ty {
        Type::Bool => assert!(value.is_boolean(), "{name}"),
        Type::Int => assert!(value.is_i64(), "{name}"),
        Type::Float => assert!(value.is_number(), "{name}"),
        Type::String => assert!(value.is_string(), "{name}"),
        Type::Optional(inner) => is_a(interface, inner.inner(), value, name),
        Type::Array(inner) => {
            value.as_array().expect(name).iter().for_each(|item| is_a(interface, inner.inner(), item, name));
        }
        Type::Map(inner) => {
            let members = value.as_object().expect(name).values();
            members.for_each(|member| is_a(interface, inner.inner(), member, name));
        }
        Type::Enum(variants) => {
            let found = variants.iter().any(|variant| variant.name().as_ref() == value.as_str().expect(name));
            assert!(found, "{name} has no {value}");
        }
        Type::Custom(custom) => conforms_to(interface, custom.as_ref(), value, false),
        _ => panic!("{name} has a type that this test doesn't know"),
    }
}

fn conforms_to(interface: &Interface<'_>, custom: &str, value: &Value, all: bool) {
    let ty = interface.custom_types().find(|ty| ty.name().as_ref() as &str == custom).expect(custom);
    conforms(interface, ty.as_object().expect(custom).fields(), value, all);
}

fn check(custom: &str, value: &impl Serialize, all: bool) {
    let interface = Interface::try_from(DEFINITION).expect("a valid interface");
    conforms_to(&interface, custom, &serde_json::to_value(value).expect("JSON"), all);
}

fn peer() -> Peer {
    Peer::Unix { uid: 1, pid: Some(2), login: Some("alice".into()) }
}

fn text() -> Option<String> {
    Some("text".into())
}

#[test]
fn peers_and_users() {
    check("Peer", &peer(), false);
    check("Peer", &Peer::Tcp { address: "127.0.0.1:1".into() }, false);
    check("Peer", &Peer::Tls { address: "127.0.0.1:1".into() }, false);
    let session =
        Session { from: peer(), connected_at: 1, last_active_at: 2, capabilities: vec!["batch".into()] };
    check("Session", &session, true);
    for status in [UserStatus::Available, UserStatus::Away, UserStatus::Idle, UserStatus::Busy] {
        let user = User {
            nick: "alice".into(),
            account: text(),
            guest: false,
            status,
            status_since: Some(1),
            away: text(),
            talking_with: text(),
            realname: "A".into(),
            modes: "i".into(),
            channels: vec!["#lobby".into()],
            connected_at: 1,
            last_active_at: 2,
            sessions: vec![session.clone()],
        };
        check("User", &user, true);
    }
}

#[test]
fn channels() {
    let channel = Channel {
        name: "#lobby".into(),
        topic: text(),
        topic_by: text(),
        topic_at: Some(1),
        modes: "n".into(),
        created_at: 1,
        empty_since: Some(1),
        members: vec![Member { nick: "alice".into(), operator: true, voice: false }],
        remembered: vec![Standing { account: "alice".into(), operator: true, voice: false }],
    };
    check("Channel", &channel, true);
}

#[test]
fn accounts() {
    let suspension = Suspension { by: "root".into(), at: 1, reason: text() };
    check("Suspension", &suspension, true);
    let account = Account {
        name: "alice".into(),
        created_at: Some(1),
        email: text(),
        login: true,
        password: true,
        certificates: vec!["00ff".into()],
        suspended: Some(suspension),
        sessions: 1,
    };
    check("Account", &account, true);
}

#[test]
fn bans() {
    for kind in [BanKind::Name, BanKind::Mask, BanKind::Address] {
        let ban =
            Ban { target: "bob".into(), kind, by: "root".into(), at: 1, until: Some(2), reason: text() };
        check("BanEntry", &ban, true);
    }
}

#[test]
fn status() {
    let metrics = [("chatd_users".to_owned(), 1.0)].into();
    let certificates = vec![Certificate {
        listener: String::from("[::]:6697"),
        path: String::from("/etc/chatd/fullchain.pem"),
        not_after: 1,
        fingerprint: String::from("AB:CD"),
    }];
    let clock = Some(ClockStatus { state: ClockState::Ahead, by_ms: 1, expected: 2, confirmed_in_ms: 3 });
    let daemon = DaemonStatus {
        config: text(),
        certificates,
        metrics_listeners: text().into_iter().collect(),
        restart_needed: text().into_iter().collect(),
        warnings: text().into_iter().collect(),
        clock,
        metrics,
        disk_free: Some(1),
        ..DaemonStatus::default()
    };
    let shutdown = Some(PendingShutdown { at: 1, reason: text() });
    check("ServerStatus", &Status { daemon, core: CoreStatus { shutdown, ..CoreStatus::default() } }, true);
    check("ServerStatus", &Status { daemon: DaemonStatus::default(), core: CoreStatus::default() }, false);
}

#[test]
fn changes_of_settings() {
    let change = SettingChange { key: "limits.burst".into(), from: text(), to: text(), restart: false };
    check("SettingChange", &change, true);
}

#[test]
fn the_history() {
    let summary = BackupSummary { first_at: Some(1), last_at: Some(2), ..BackupSummary::default() };
    check("BackupSummary", &summary, true);
    use HistoryKind as K;
    let kinds = [
        K::Message,
        K::Notice,
        K::Tags,
        K::Join,
        K::Part,
        K::Quit,
        K::Kick,
        K::Nick,
        K::Topic,
        K::Mode,
        K::Other,
    ];
    for kind in kinds {
        let entry = HistoryEntry {
            at: 1,
            kind,
            id: text(),
            channel: text(),
            from: "alice".into(),
            source: "alice!a@b".into(),
            account: text(),
            to: text(),
            tags: text(),
            text: text(),
        };
        check("HistoryEntry", &entry, true);
    }
    for kind in [ImportedKind::Message, ImportedKind::Action, ImportedKind::Notice] {
        let line = ImportedLine { at: 1, from: "alice".into(), kind, text: "hello".into() };
        check("ImportedLine", &line, true);
    }
}

#[test]
fn events() {
    let event = Event {
        at: 1,
        kind: EventKind::Kicked,
        user: text(),
        account: text(),
        channel: text(),
        by: text(),
        uid: Some(0),
        from: Some(peer()),
        to: text(),
        method: text(),
        outcome: text(),
        due: Some(1),
        text: text(),
    };
    check("Event", &event, true);
    use EventKind as K;
    let kinds = [
        K::Connected,
        K::Disconnected,
        K::Joined,
        K::Left,
        K::Kicked,
        K::Invited,
        K::Nick,
        K::Topic,
        K::Mode,
        K::Away,
        K::Back,
        K::TalkBegan,
        K::TalkEnded,
        K::Account,
        K::LoginFailed,
        K::Registered,
        K::PasswordSet,
        K::Certificate,
        K::Suspended,
        K::Resumed,
        K::Removed,
        K::Banned,
        K::Unbanned,
        K::Announced,
        K::ShutdownScheduled,
        K::ShutdownCancelled,
        K::Stopping,
        K::Reloaded,
        K::Admin,
        K::Other,
    ];
    for kind in kinds {
        check("Event", &Event::new(1, kind), false);
    }
}

#[test]
fn errors() {
    let interface = Interface::try_from(DEFINITION).expect("a valid interface");
    let (name, reason) = (|| "bob".to_owned(), || "why".to_owned());
    let errors = [
        Error::NoSuchUser { name: name(), suggestion: text() },
        Error::NoSuchChannel { name: name() },
        Error::InvalidName { name: name(), reason: reason() },
        Error::InvalidText { reason: reason() },
        Error::InvalidDelay { reason: reason() },
        Error::NothingScheduled {},
        Error::ConfigInvalid { message: reason() },
        Error::NoSuchAccount { name: name(), suggestion: text() },
        Error::AccountExists { name: name() },
        Error::NotSuspended { name: name() },
        Error::InvalidPassword { reason: reason() },
        Error::InvalidTarget { target: name(), reason: reason() },
        Error::TooBroad { target: name() },
        Error::NoSuchBan { target: name() },
        Error::NoSuchMessage { id: name() },
        Error::TooManyBans { limit: 1 },
        Error::CannotBeDone { reason: reason() },
        Error::PermissionDenied { group: text() },
        Error::TooManyConnections { limit: 1 },
        Error::Unavailable { reason: reason() },
    ];
    assert_eq!(errors.len(), interface.errors().count());
    for error in errors {
        let value = serde_json::to_value(&error).expect("JSON");
        let found = interface
            .errors()
            .find(|known| format!("org.chatd.Admin.{}", known.name()) == value["error"])
            .expect("a known error");
        conforms(&interface, found.fields(), &value["parameters"], true);
    }
}
