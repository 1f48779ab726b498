//! The users by slot, so that finding one costs a single step.

use serde::{Deserialize, Serialize};

use crate::id::UserId;

use super::User;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    slots: Vec<Slot>,
    /// Slots without a user; the last one is used next.
    free: Vec<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    /// How many users have had it.
    generation: u32,
    user: Option<Box<User>>,
}

impl Users {
    /// The id that the next user gets.
    pub(super) fn next_id(&self) -> UserId {
        let slot =
            self.free.last().copied().unwrap_or_else(|| u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        let generation = self.slots.get(index(slot)).map_or(0, |slot| slot.generation);
        UserId { slot, generation: generation.wrapping_add(1) }
    }

    pub fn get(&self, id: UserId) -> Option<&User> {
        let slot = self.slots.get(index(id.slot)).filter(|slot| slot.generation == id.generation)?;
        slot.user.as_deref()
    }

    pub(super) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        let slot = self.slots.get_mut(index(id.slot)).filter(|slot| slot.generation == id.generation)?;
        slot.user.as_deref_mut()
    }

    pub(super) fn insert(&mut self, id: UserId, user: User) {
        match self.free.last() {
            Some(last) if *last == id.slot => drop(self.free.pop()),
            _ => self.free.retain(|free| *free != id.slot),
        }
        let index = index(id.slot);
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        self.slots[index] = Slot { generation: id.generation, user: Some(Box::new(user)) };
    }

    pub(super) fn remove(&mut self, id: UserId) -> Option<Box<User>> {
        self.get(id)?;
        self.free.push(id.slot);
        self.slots[index(id.slot)].user.take()
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn iter(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.iter_from(0)
    }

    /// Those from that slot on.
    pub fn iter_from(&self, first: u32) -> impl Iterator<Item = (UserId, &User)> {
        let slots = self.slots.get(index(first)..).unwrap_or_default();
        (first..).zip(slots).filter_map(|(slot, found)| {
            Some((UserId { slot, generation: found.generation }, found.user.as_deref()?))
        })
    }

    pub fn values(&self) -> impl Iterator<Item = &User> {
        self.iter().map(|(_, user)| user)
    }
}

fn index(slot: u32) -> usize {
    usize::try_from(slot).unwrap_or(usize::MAX)
}
