//! The whole, end to end: the real chatd, chatctl and chat, used and abused as people would.

mod accounts;
mod administration;
mod certificates;
mod coming_back;
mod console;
mod conversation;
mod custody;
mod full_disk;
mod harmless;
mod hostile;
mod identity;
mod json;
mod kept_channels;
mod log;
mod manual;
mod metrics;
mod once;
mod outside;
mod reading;
mod scripts;
mod service;
mod signals;
mod startup;
mod stored_order;
mod tls;
mod unreachable;
