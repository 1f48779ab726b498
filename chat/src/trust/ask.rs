//! The question whether to trust a server that nobody vouches for.

use std::io::{self, BufRead, IsTerminal as _, Write};

use crate::errors;
use crate::failure::Failure;
use crate::trust::Stranger;

/// Asks whoever sits at the terminal.
///
/// # Errors
/// There is nobody to ask, or the answer was no.
pub fn ask(stranger: Box<Stranger>) -> Result<Box<Stranger>, Failure> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Stranger(stranger));
    }
    match is_trusted(&stranger, &mut io::stdin().lock(), &mut io::stderr(), errors::columns()) {
        Ok(true) => Ok(stranger),
        Ok(false) => Err(Failure::Refused(format!(
            "nothing was sent to {}: its certificate isn't trusted",
            stranger.place
        ))),
        Err(error) => Err(Failure::Refused(format!("cannot ask whether to trust the certificate: {error}"))),
    }
}

fn is_trusted(
    stranger: &Stranger,
    answers: &mut impl BufRead,
    out: &mut impl Write,
    columns: Option<usize>,
) -> io::Result<bool> {
    let Stranger { place, fingerprint, names } = stranger;
    let mut say = |text: &str| writeln!(out, "{}", errors::wrapped(text, columns));
    say(&format!("The certificate of {place} isn't vouched for by an authority that is known here."))?;
    if let Some(names) = names {
        say(&format!("It {names}."))?;
    }
    let fingerprint = fingerprint.to_string();
    let (first, second) = fingerprint.split_at(fingerprint.len() / 2 + 1);
    writeln!(out, "Its fingerprint (SHA-256) is\n  {first}\n  {second}")?;
    let compare = "Compare it with the one that the server's administrator tells you.";
    writeln!(out, "{}", errors::wrapped(compare, columns))?;
    loop {
        write!(out, "Trust it from now on? (yes/no) ")?;
        out.flush()?;
        let mut answer = String::new();
        if answers.read_line(&mut answer)? == 0 {
            writeln!(out)?;
            return Ok(false);
        }
        match answer.trim().to_ascii_lowercase().as_str() {
            "yes" | "y" => return Ok(true),
            "no" | "n" => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Fingerprint;

    fn asked(answers: &str, names: Option<&str>) -> (bool, String) {
        let stranger = Stranger {
            place: "chat.example.org:6697".to_owned(),
            fingerprint: Fingerprint::of(b"x"),
            names: names.map(str::to_owned),
        };
        let mut out = Vec::new();
        let trusted = is_trusted(&stranger, &mut answers.as_bytes(), &mut out, None).unwrap();
        (trusted, String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(asked("yes\n", None).0 && asked("\nwhat\nY\n", None).0);
        assert!(!asked("no\n", None).0 && !asked("", None).0 && !asked("sure\nno\n", None).0);
    }

    #[test]
    fn it_shows_what_is_to_be_decided_and_nothing_raw() {
        let (_, shown) = asked("no\n", Some("is for another name: \x1b[2J"));
        assert!(
            shown.replace("\n  ", "").contains(&Fingerprint::of(b"x").to_string())
                && shown.contains("chat.example.org:6697")
        );
        assert!(shown.contains("It is for another name: ␛[2J.") && !shown.contains('\x1b'), "{shown}");
    }
}
