//! Strict transport security: the server's wish for TLS (IRCv3 `sts`).

/// What the server says; which part of it counts depends on how it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sts {
    /// Without TLS: leave, and come back by TLS on this port.
    pub port: Option<u16>,
    /// By TLS: for so many seconds from the end of the connection, come by nothing else. 0 ends that.
    pub duration: Option<u64>,
}

impl Sts {
    /// Reads the value of the capability; keys that aren't known count for nothing.
    pub fn parse(value: &str) -> Self {
        let key = |wanted: &str| {
            let mut values =
                value.split(',').filter_map(|token| token.split_once('=')).filter(|(key, _)| *key == wanted);
            values
                .next()
                .map(|(_, value)| value)
                .filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
        };
        Self {
            port: key("port").and_then(|port| port.parse().ok()).filter(|port| *port != 0),
            duration: key("duration").and_then(|seconds| seconds.parse().ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_are_read_and_nonsense_is_left_aside() {
        let sts = |port, duration| Sts { port, duration };
        assert_eq!(Sts::parse("port=6697"), sts(Some(6697), None));
        assert_eq!(Sts::parse("unknown,duration=31536000,foo=bar"), sts(None, Some(31_536_000)));
        assert_eq!(Sts::parse("duration=0,port=1,preload"), sts(Some(1), Some(0)));
        for value in ["", "port", "port=", "port=0", "port=70000", "port=+1", "port=1-2", "duration=-1"] {
            assert_eq!(Sts::parse(value), sts(None, None), "{value}");
        }
    }
}
