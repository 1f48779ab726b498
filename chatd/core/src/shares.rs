//! How much of what everybody shares each has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limit_key::LimitKey;

/// How much each holder has of what everybody shares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(LimitKey, usize)>", into = "Vec<(LimitKey, usize)>")]
pub struct Shares(BTreeMap<LimitKey, usize>);

impl Shares {
    pub fn of(&self, holder: &LimitKey) -> usize {
        self.0.get(holder).copied().unwrap_or_default()
    }

    /// Adds one, and returns how many the holder has now.
    pub fn add(&mut self, holder: LimitKey) -> usize {
        let share = self.0.entry(holder).or_default();
        *share += 1;
        *share
    }

    pub fn remove(&mut self, holder: &LimitKey) {
        if let Some(share) = self.0.get_mut(holder) {
            *share -= 1;
            if *share == 0 {
                self.0.remove(holder);
            }
        }
    }
}

impl From<Vec<(LimitKey, usize)>> for Shares {
    fn from(shares: Vec<(LimitKey, usize)>) -> Self {
        Self(shares.into_iter().collect())
    }
}

impl From<Shares> for Vec<(LimitKey, usize)> {
    fn from(shares: Shares) -> Self {
        shares.0.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holder_without_a_share_is_forgotten() {
        let (mut shares, holder) = (Shares::default(), LimitKey::Uid(1));
        assert_eq!((shares.add(holder.clone()), shares.add(holder.clone())), (1, 2));
        shares.remove(&holder);
        assert_eq!(shares.of(&holder), 1);
        shares.remove(&holder);
        shares.remove(&holder);
        assert_eq!(shares, Shares::default());
    }
}
