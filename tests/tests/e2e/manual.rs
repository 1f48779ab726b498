//! Man pages and completions, as the programs make them, in the hands of the tools that read them.

use std::path::Path;
use std::process::Command;

use chat_tests::outside::lacks_program;
use chat_tests::programs;

const PROGRAMS: [&str; 3] = ["chatd", "chatctl", "chat"];

fn generated(program: &str, kind: &str) -> String {
    let path = programs::path(program).expect("the program is built");
    let output = Command::new(path).args(["--generate", kind]).output().expect("it runs");
    assert!(output.status.success(), "{program} --generate {kind}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What the tool complains about the text.
fn complaints(tool: &[&str], text: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("written");
    let output = Command::new(tool[0]).args(&tool[1..]).arg(file.path()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() || !said.is_empty() { said } else { format!("{}", output.status) }
}

#[test]
fn man_pages_are_set_without_a_warning() {
    if lacks_program("formatting the man pages", &["groff"]) {
        return;
    }
    let pages = PROGRAMS.map(|program| (program, "man")).into_iter().chain([("chatd", "man-config")]);
    for (program, kind) in pages {
        let said = complaints(&["groff", "-man", "-ww", "-Kutf8", "-Tutf8", "-z"], &generated(program, kind));
        assert_eq!(said, "", "{program} {kind}");
    }
}

#[test]
fn shells_understand_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        if lacks_program(&format!("the completions for {shell}"), &[shell]) {
            continue;
        }
        for program in PROGRAMS {
            assert_eq!(complaints(&[shell, "-n"], &generated(program, shell)), "", "{program} {shell}");
        }
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    if lacks_program("completing in bash", &["bash"]) {
        return;
    }
    for (words, expected) in [
        ("chatctl ann", "announce"),
        ("chatctl kick --rea", "--reason"),
        ("chatctl log d", "debug"),
        ("chatd ch", "check"),
        ("chat send --t", "--to"),
    ] {
        assert_eq!(completed(words), [expected], "{words}");
    }
}

/// What bash offers where the words end.
fn completed(words: &str) -> Vec<String> {
    let program = words.split(' ').next().expect("a word");
    let last = words.rsplit(' ').take(2).collect::<Vec<_>>();
    let script = format!(
        "{}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n_{program} {program} {} {}\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        generated(program, "bash"),
        last[0],
        last[1],
    );
    let output = Command::new("bash").args(["--norc", "-c", &script]).output().expect("bash runs");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn the_package_has_the_version_of_the_programs() {
    let changelog = Path::new(env!("CARGO_MANIFEST_DIR")).join("../debian/changelog");
    let text = std::fs::read_to_string(changelog).expect("debian/changelog");
    let version = text.split(['(', ')']).nth(1).expect("a version");
    assert_eq!(version.split('-').next(), Some(env!("CARGO_PKG_VERSION")), "debian/changelog says {version}");
}
