//! Listeners: bound at the start, then each a task that admits connections.

mod accept;
mod activation;
mod bind;
mod failure;
mod gate;
mod peer;
mod refusals;

pub(crate) use self::accept::{Admission, Listening, Terms, listen};
pub(crate) use self::activation::{Activation, ActivationError};
pub(crate) use self::bind::{Bound, SocketFile, admin, bind};
pub(crate) use self::failure::BindError;
pub(crate) use self::gate::Gate;
pub(crate) use self::peer::Cloak;
pub(crate) use self::refusals::Refusals;

#[cfg(test)]
mod tests;
