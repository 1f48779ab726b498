//! The whole, end to end: the real chatd, chatctl and chat, used and abused as people would.

mod administration;
mod conversation;
mod harmless;
mod hostile;
mod log;
mod manual;
mod metrics;
mod outside;
mod scripts;
mod service;
mod signals;
mod startup;
mod stored_order;
