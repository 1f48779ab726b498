//! The layers of the architecture: who may depend on whom, held against cargo's metadata and the `use` lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages of this workspace that each package may depend on, and those of others that it must not.
const PACKAGES: &[(&str, &[&str], &[&str])] = &[
    ("chat-proto", &[], &["tokio", "nix", "rustyline"]),
    ("chatd-core", &["chat-proto"], &["tokio", "tokio-util", "nix", "getrandom", "tracing"]),
    ("chat-manual", &[], &["tokio", "nix", "rustyline"]),
    ("chat-wording", &[], &["tokio", "nix", "rustyline"]),
    ("chatd", &["chat-manual", "chat-proto", "chat-wording", "chatd-core"], &["rustyline"]),
    ("chatctl", &["chat-manual", "chat-proto"], &["tokio"]),
    ("chat", &["chat-manual", "chat-proto", "chat-wording"], &[]),
];

/// What the core, being a pure function, must not reach for.
const IMPURE: &[&str] = &[
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::fs",
    "std::env",
    "std::thread",
    "std::process",
    "std::io",
    "std::os",
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "TimeZone::system",
    "HashMap",
    "HashSet",
];

/// Modules of chatd, and the modules that they must not know.
const ABOVE_AUTH: &[&str] =
    &["run", "commit", "conn", "egress", "listen", "admin", "daemon", "cli", "control", "signals"];
const ABOVE_SHELL: &[&str] = &["daemon", "cli"];
/// What counts knows nothing of what is counted.
const BESIDE_METRICS: &[&str] = &[
    "admin", "answers", "auth", "cli", "commit", "config", "conn", "control", "daemon", "egress", "jobs",
    "listen", "logging", "mailbox", "process", "release", "run", "scrape", "signals", "slots", "socket",
    "systemd", "watch",
];
const MODULES: &[(&str, &[&str])] = &[
    ("config", ABOVE_AUTH),
    ("auth", ABOVE_AUTH),
    ("store", ABOVE_AUTH),
    ("tls", ABOVE_AUTH),
    ("metrics", BESIDE_METRICS),
    ("run.rs", ABOVE_SHELL),
    ("commit.rs", ABOVE_SHELL),
    ("conn", ABOVE_SHELL),
    ("egress", ABOVE_SHELL),
    ("listen", ABOVE_SHELL),
    ("admin", ABOVE_SHELL),
    ("scrape", ABOVE_SHELL),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn metadata() -> serde_json::Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a package is built with, tests aside.
fn dependencies(metadata: &serde_json::Value, package: &str) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let found = packages.iter().find(|found| found["name"] == package).expect("the package exists");
    let all = found["dependencies"].as_array().expect("dependencies").iter();
    let normal = all.filter(|dependency| dependency["kind"] != "dev");
    normal.map(|dependency| dependency["name"].as_str().expect("a name").to_owned()).collect()
}

fn sources(place: &Path) -> Vec<(PathBuf, String)> {
    if place.is_file() {
        return vec![(place.to_owned(), std::fs::read_to_string(place).expect("readable"))];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).unwrap_or_else(|error| panic!("{}: {error}", place.display())) {
        let path = entry.expect("an entry").path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(sources(&path));
        }
    }
    found
}

/// A source's lines without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default())
}

/// The modules of its own crate that a source names.
fn modules_named(text: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let code: String = code(text).collect::<Vec<_>>().join(" ");
    for rest in code.split("crate::").skip(1) {
        let list = rest.strip_prefix('{').map(|list| list.split('}').next().unwrap_or_default());
        for item in list.unwrap_or(rest).split(',').take(if list.is_some() { usize::MAX } else { 1 }) {
            let name = item.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next();
            named.extend(name.map(str::to_owned));
        }
    }
    named
}

#[test]
fn packages_depend_downwards_only() {
    let metadata = metadata();
    let ours: BTreeSet<_> =
        ["chat-proto", "chat-manual", "chat-wording", "chatd-core", "chatd", "chatctl", "chat", "chat-tests"]
            .into();
    for (package, allowed, forbidden) in PACKAGES {
        for dependency in dependencies(&metadata, package) {
            let dependency = dependency.as_str();
            let of_ours = ours.contains(dependency);
            assert!(!of_ours || allowed.contains(&dependency), "{package} must not depend on {dependency}");
            assert!(!forbidden.contains(&dependency), "{package} must not depend on {dependency}");
        }
    }
}

#[test]
fn the_core_reaches_for_nothing_outside() {
    for (path, text) in sources(&root().join("chatd/core/src")) {
        for line in code(&text) {
            let found = IMPURE.iter().find(|impure| line.contains(**impure));
            assert!(found.is_none(), "{} uses {}: {line}", path.display(), found.unwrap_or(&""));
        }
    }
}

#[test]
fn modules_of_chatd_know_only_what_is_below_them() {
    for (module, forbidden) in MODULES {
        for (path, text) in sources(&root().join("chatd/src").join(module)) {
            let named = modules_named(&text);
            let found = forbidden.iter().find(|name| named.contains(**name));
            assert!(found.is_none(), "{} must not use crate::{}", path.display(), found.unwrap_or(&""));
        }
    }
}

#[test]
fn only_apply_changes_the_state_of_the_core() {
    for (path, text) in sources(&root().join("chatd/core/src/decide")) {
        assert!(!text.contains("&mut State"), "{} takes the state mutably", path.display());
    }
    for (path, text) in sources(&root().join("chatd/core/src/project")) {
        assert!(!text.contains("&mut State"), "{} takes the state mutably", path.display());
    }
}

#[test]
fn grouped_and_single_uses_are_both_understood() {
    let text = "use crate::run::Run;\nuse crate::{admin, conn::{self}};\n// use crate::daemon;\n";
    let expected: BTreeSet<_> = ["run", "admin", "conn"].map(str::to_owned).into();
    assert_eq!(modules_named(text), expected);
}
