//! Logins under way: what connections have said so far with AUTHENTICATE.

use std::collections::BTreeMap;

use chat_proto::sasl::{Challenge, Mechanism, Reassembly};
use serde::{Deserialize, Serialize};

use crate::id::ConnId;

/// The logins under way, one for a connection at most.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(ConnId, Exchange)>", into = "Vec<(ConnId, Exchange)>")]
pub struct Exchanges(BTreeMap<ConnId, Exchange>);

/// A login. It holds as much as a message may have, and no more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    pub mechanism: Mechanism,
    pub step: Step,
    /// What has come of the next message.
    pub message: Reassembly,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub enum Step {
    /// Waits for the client's first message.
    #[default]
    Begun,
    /// SCRAM: waits for the proof of being the account of that name.
    Challenged { name: String, challenge: Box<Challenge> },
    /// SCRAM: the proof was right; waits for the client to have seen the server's.
    Proven { name: String, challenge: Box<Challenge> },
}

impl Exchanges {
    pub fn begin(&mut self, conn: ConnId, mechanism: Mechanism) {
        self.0.insert(conn, Exchange { mechanism, step: Step::default(), message: Reassembly::default() });
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Exchange> {
        self.0.get_mut(&conn)
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Exchange> {
        self.0.remove(&conn)
    }
}

impl From<Vec<(ConnId, Exchange)>> for Exchanges {
    fn from(exchanges: Vec<(ConnId, Exchange)>) -> Self {
        Self(exchanges.into_iter().collect())
    }
}

impl From<Exchanges> for Vec<(ConnId, Exchange)> {
    fn from(exchanges: Exchanges) -> Self {
        exchanges.0.into_iter().collect()
    }
}
