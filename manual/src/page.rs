//! A man page: sections of paragraphs, items and examples.

use clap::Command;
use roff::{Inline, Roff, bold, roman};

use crate::commands;
use crate::text::{running, usage};

/// A section of a page. In running text, what stands in backticks is bold.
#[derive(Debug)]
pub struct Section {
    title: String,
    body: Roff,
}

impl Section {
    /// An empty section; titles are in capitals by convention.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), body: Roff::new() }
    }

    /// A heading within the section.
    #[must_use]
    pub fn heading(mut self, heading: &str) -> Self {
        self.body.control("SS", [heading]);
        self
    }

    /// A paragraph.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.body.control("PP", []).text(running(text));
        self
    }

    /// A literal, such as a path or an exit status, and what it is.
    #[must_use]
    pub fn item(self, literal: &str, what: &str) -> Self {
        self.term(vec![bold(literal)], what)
    }

    /// A usage line, in which words in capitals stand for something, and what it does.
    #[must_use]
    pub fn usage(self, line: &str, does: &str) -> Self {
        self.term(usage(line), does)
    }

    /// Several literals, and what they are together.
    #[must_use]
    pub fn items(mut self, literals: &[impl AsRef<str>], what: &str) -> Self {
        for (at, literal) in literals.iter().enumerate() {
            self.body.control(if at == 0 { "TP" } else { "TQ" }, []).text([bold(literal.as_ref())]);
        }
        self.body.text(running(what));
        self
    }

    /// Lines to be typed, as they are.
    #[must_use]
    pub fn example(mut self, lines: &str) -> Self {
        self.body.control("PP", []);
        commands::literal(&mut self.body, lines);
        self
    }

    fn term(mut self, term: Vec<Inline>, what: &str) -> Self {
        self.body.control("TP", []).text(term).text(running(what));
        self
    }
}

/// A whole page.
#[derive(Debug)]
pub struct Page(Roff);

impl Page {
    /// The page `name(section)`, which the other pages describe as `about`; `source` is the program and its version.
    pub fn new(name: &str, section: &str, source: &str, about: &str) -> Self {
        let mut roff = Roff::new();
        roff.control("TH", [name.to_uppercase().as_str(), section, "", source]);
        // Neither hyphens nor stretched blanks: most of these words can be typed.
        roff.control("nh", []).control("ad", ["l"]);
        roff.control("SH", ["NAME"]).text([roman(format!("{name} - {about}"))]);
        Self(roff)
    }

    /// The page of a program: name, synopsis, description, options and commands, as it defines them.
    pub fn of_program(command: &Command, section: &str, about: &str) -> Self {
        let name = command.get_name();
        let source = format!("{name} {}", command.get_version().unwrap_or_default());
        let mut page = Self::new(name, section, &source, about);
        commands::program(&mut page.0, command);
        page
    }

    /// The page with one more section.
    #[must_use]
    pub fn with(mut self, section: Section) -> Self {
        self.0.control("SH", [section.title.as_str()]);
        self.0.extend([section.body]);
        self
    }

    /// The page as man(1) reads it.
    pub fn render(&self) -> String {
        self.0.render()
    }
}
