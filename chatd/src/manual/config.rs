//! chatd.toml(5), made from the shipped file: its comments and keys are the documentation.

use crate::config::SHIPPED;
use chat_manual::{Page, Section};

/// Longer than a line of a page: hashes.
const LONG: usize = 70;

/// What a line of the shipped file is. A key that is commented out follows its `#` directly.
enum Line<'a> {
    Comment(&'a str),
    /// `[server]`, or `[[listen]]`.
    Table(&'a str),
    Key(&'a str),
    Blank,
}

/// The page.
pub(super) fn page() -> Page {
    let source = concat!("chatd ", env!("CARGO_PKG_VERSION"));
    Page::new("chatd.toml", "5", source, "the configuration of chatd")
        .with(Section::new("SYNOPSIS").text("`/etc/chatd/chatd.toml`"))
        .with(description())
        .with(tables(Section::new("KEYS")))
        .with(Section::new("SEE ALSO").text("`chatd`(8), `chatctl`(8)"))
}

fn description() -> Section {
    Section::new("DESCRIPTION")
        .text(
            "The file is TOML (https://toml.io). chatd runs without it: a key that is left out has its default, \
             which is what is shown below, unless it says otherwise. A key that chatd doesn't know is an error.",
        )
        .text("A table in double brackets may stand there as often as needed, with its keys below it.")
}

/// The shipped file's tables, each with its keys and what the comments above them say.
fn tables(mut section: Section) -> Section {
    let mut comment: Vec<&str> = Vec::new();
    let mut keys: Vec<String> = Vec::new();
    for line in body().lines().map(kind).chain([Line::Blank]) {
        if !keys.is_empty() && !matches!(line, Line::Key(_)) {
            section = section.items(&keys, &comment.join(" "));
            (comment, keys) = (Vec::new(), Vec::new());
        }
        match line {
            Line::Comment(words) => comment.push(words),
            Line::Key(key) => keys.push(shortened(key)),
            Line::Table(table) => {
                section = section.heading(table);
                section = paragraph(section, &mut comment);
            }
            Line::Blank => section = paragraph(section, &mut comment),
        }
    }
    section
}

fn kind(line: &str) -> Line<'_> {
    let (commented, content) = line.strip_prefix('#').map_or((false, line), |rest| (true, rest));
    match content.chars().next() {
        Some('[') => Line::Table(content),
        Some(' ') if commented => Line::Comment(content.trim()),
        Some(_) => Line::Key(content),
        None => Line::Blank,
    }
}

/// All but the first paragraph, which is about the file as it lies there.
fn body() -> &'static str {
    SHIPPED.split_once("\n#\n").map_or(SHIPPED, |(_, body)| body)
}

fn shortened(key: &str) -> String {
    if key.len() > LONG { format!("{}...\"", &key[..key.floor_char_boundary(LONG)]) } else { key.to_owned() }
}

fn paragraph(section: Section, comment: &mut Vec<&str>) -> Section {
    let words = std::mem::take(comment).join(" ");
    if words.is_empty() { section } else { section.text(&words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_shipped_file_is_on_the_page() {
        let page =
            page().render().replace("\\fB", "").replace("\\fR", "").replace("\\*(Aq", "'").replace('\\', "");
        for line in body().lines() {
            let words = line.trim_start_matches(['#', ' ']).replace(['\\', '`'], "");
            assert!(page.contains(&words[..words.floor_char_boundary(LONG)]), "{words}");
        }
    }
}
