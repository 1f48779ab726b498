//! What one user may learn of another.

use crate::id::UserId;
use crate::mode::UserModes;
use crate::state::{Channel, State, User};

/// Whether a search that doesn't name the user finds it.
pub fn finds(state: &State, viewer: UserId, target: UserId, user: &User) -> bool {
    !is_hidden(state, viewer, target, user) || state.share_a_channel(user, viewer)
}

/// Whether the viewer may learn that the user is in the channel.
pub fn sees_member(state: &State, viewer: UserId, target: UserId, user: &User, channel: &Channel) -> bool {
    let public = !channel.is_secret() && !is_hidden(state, viewer, target, user);
    public || channel.members.contains_key(&viewer) || knows_all(state, viewer, target)
}

/// Whether it is the viewer itself or an operator: they may learn all.
pub fn knows_all(state: &State, viewer: UserId, target: UserId) -> bool {
    viewer == target || state.user(viewer).is_some_and(User::is_operator)
}

fn is_hidden(state: &State, viewer: UserId, target: UserId, user: &User) -> bool {
    user.modes.contains(UserModes::INVISIBLE) && !knows_all(state, viewer, target)
}
