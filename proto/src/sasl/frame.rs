//! A SASL message in lines of AUTHENTICATE: base64, cut into pieces of 400 bytes, the last one shorter.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Bytes of base64 in one AUTHENTICATE; a shorter piece is the last one.
pub const AUTHENTICATE_MAX: usize = 400;
/// Bytes of base64 that one message may have in all.
pub const MESSAGE_MAX: usize = 4 * AUTHENTICATE_MAX;

/// What is wrong with a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("the line is longer than {AUTHENTICATE_MAX} bytes")]
    PieceTooLong,
    #[error("the message is longer than {MESSAGE_MAX} bytes")]
    MessageTooLong,
    #[error("the message is not base64")]
    NotBase64,
}

/// Puts a message together from its pieces. Holds [`MESSAGE_MAX`] bytes at most, and wipes them.
#[derive(Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reassembly(Zeroizing<String>);

impl Reassembly {
    /// Takes a piece in; returns the message when it was the last one.
    ///
    /// # Errors
    /// The piece or the message is too long, or the whole is not base64. What was gathered is dropped then.
    pub fn take(&mut self, piece: &str) -> Result<Option<Zeroizing<Vec<u8>>>, FrameError> {
        if piece.len() > AUTHENTICATE_MAX {
            self.0 = Zeroizing::default();
            return Err(FrameError::PieceTooLong);
        }
        if self.0.len() + piece.len() > MESSAGE_MAX {
            self.0 = Zeroizing::default();
            return Err(FrameError::MessageTooLong);
        }
        if self.0.capacity() == 0 {
            // It never grows, so no copy is left behind.
            self.0.reserve_exact(MESSAGE_MAX);
        }
        if piece != "+" {
            self.0.push_str(piece);
        }
        if piece.len() == AUTHENTICATE_MAX {
            return Ok(None);
        }
        let whole = std::mem::take(&mut self.0);
        STANDARD
            .decode(whole.as_bytes())
            .map(|message| Some(Zeroizing::new(message)))
            .map_err(|_| FrameError::NotBase64)
    }
}

impl std::fmt::Debug for Reassembly {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The parameters of the AUTHENTICATE lines that carry `message`.
pub fn frames(message: &[u8]) -> Vec<Zeroizing<String>> {
    let whole = Zeroizing::new(STANDARD.encode(message));
    let mut pieces: Vec<_> = whole
        .as_bytes()
        .chunks(AUTHENTICATE_MAX)
        .map(|piece| Zeroizing::new(String::from_utf8_lossy(piece).into_owned()))
        .collect();
    if pieces.last().is_none_or(|last| last.len() == AUTHENTICATE_MAX) {
        pieces.push(Zeroizing::new(String::from("+")));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(message: &[u8]) -> Vec<u8> {
        let mut reassembly = Reassembly::default();
        let pieces = frames(message);
        let (last, first) = pieces.split_last().expect("a piece");
        for piece in first {
            assert_eq!(reassembly.take(piece), Ok(None));
        }
        reassembly.take(last).expect("base64").expect("the last piece").to_vec()
    }

    #[test]
    fn a_message_of_any_length_comes_through() {
        for length in [0, 1, 299, 300, 301, 599, 600, 601, 1190] {
            let message = vec![b'x'; length];
            assert_eq!(through(&message), message, "{length}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_base64_is_refused_and_forgotten() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.take(&"a".repeat(401)), Err(FrameError::PieceTooLong));
        for _ in 0..4 {
            assert_eq!(reassembly.take(&"a".repeat(400)), Ok(None));
        }
        assert_eq!(reassembly.take("aaaa"), Err(FrameError::MessageTooLong));
        assert_eq!(reassembly.take("*"), Err(FrameError::NotBase64));
        assert_eq!(
            reassembly.take("eA==").map(|message| message.map(|m| m.to_vec())),
            Ok(Some(b"x".to_vec()))
        );
    }
}
