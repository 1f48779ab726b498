//! `install.sh`: what it installs from a source, and that it takes all of it away again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chat_tests::daemon::{errors, printed};
use chat_tests::programs;
use tempfile::TempDir;

/// A directory to install into, with a blank in its path.
struct Target(TempDir);

impl Target {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("chatd test-").tempdir().expect("a directory");
        Self(directory)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../install.sh");
        // A caller who keeps files private still installs for everybody.
        Command::new("sh")
            .args(["-c", "umask 077; exec \"$0\" \"$@\""])
            .arg(script)
            .args(arguments)
            .env("DESTDIR", self.0.path())
            .env("BINARIES", programs::directory().expect("the programs are built"))
            .env_remove("STRIP")
            .output()
            .expect("install.sh runs")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", errors(&output));
        printed(&output)
    }

    fn path(&self, installed: &str) -> PathBuf {
        self.0.path().join(installed)
    }

    /// The permissions of each file and directory below it.
    fn modes(&self) -> BTreeMap<PathBuf, u32> {
        let mut modes = BTreeMap::new();
        collect(self.0.path(), &mut modes);
        modes
    }
}

fn collect(directory: &Path, modes: &mut BTreeMap<PathBuf, u32>) {
    for entry in fs::read_dir(directory).expect("readable") {
        let path = entry.expect("an entry").path();
        let metadata = path.symlink_metadata().expect("it is there");
        if metadata.is_dir() {
            collect(&path, modes);
        }
        modes.insert(path, metadata.permissions().mode() & 0o7777);
    }
}

#[test]
fn installed_files_are_for_everybody_and_programs_are_stripped() {
    let target = Target::new();
    target.done(&[]);
    for (path, mode) in target.modes() {
        let wanted = if path.is_dir() || path.starts_with(target.path("usr/bin")) { 0o755 } else { 0o644 };
        assert_eq!(mode, wanted, "{}", path.display());
    }
    for program in ["chatd", "chatctl", "chat"] {
        let installed = target.path("usr/bin").join(program);
        let size = |path: &Path| path.metadata().expect("it is there").len();
        assert!(
            size(&installed) < size(&programs::path(program).expect("built")),
            "{program} has its symbols"
        );
        let version = Command::new(installed).arg("--version").output().expect("it runs");
        assert!(version.status.success(), "{program}: {}", errors(&version));
    }
}

#[test]
fn uninstall_removes_all_but_what_the_administrator_changed() {
    let target = Target::new();
    target.done(&[]);
    let (configuration, jail) =
        (target.path("etc/chatd/chatd.toml"), target.path("etc/fail2ban/jail.d/chatd.conf"));
    for file in [&configuration, &jail] {
        fs::write(file, "# changed\n").expect("written");
    }
    target.done(&[]);
    let told = target.done(&["--uninstall"]);
    for file in [&configuration, &jail] {
        assert_eq!(fs::read_to_string(file).expect("kept"), "# changed\n");
        assert!(told.contains(&format!("kept: {}", file.display())), "{told}");
    }
    let left: Vec<_> = target.modes().into_keys().filter(|path| path.is_file()).collect();
    assert_eq!(left, [configuration, jail]);
}

#[test]
fn purge_leaves_nothing() {
    let target = Target::new();
    fs::create_dir_all(target.path("var/lib/other")).expect("a directory of others");
    target.done(&[]);
    fs::write(target.path("etc/chatd/chatd.toml"), "# changed\n").expect("written");
    fs::create_dir_all(target.path("var/lib/chatd")).expect("a state");
    fs::write(target.path("var/lib/chatd/chatd.db"), "").expect("a database");
    target.done(&["--purge"]);
    let left: Vec<_> = target.modes().into_keys().collect();
    assert_eq!(left, [target.path("var"), target.path("var/lib"), target.path("var/lib/other")]);
}

#[test]
fn unknown_option_installs_nothing() {
    let target = Target::new();
    let output = target.run(&["--remove"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("there is no option --remove; try --help"), "{}", errors(&output));
    assert!(target.modes().is_empty());
}
