//! What holds of the core whatever happens, tried with random scripts. A failure prints the shortest script that
//! shows it. `PROPTEST_CASES=20000 cargo test -p chatd-core --release --test properties` tries longer; 256 is the
//! default.

mod core_laws;
mod garbage;
mod kept;
mod labels;
mod naive;
mod paging;
mod presence;
mod reading;
mod resend;
mod script;
#[path = "../support/mod.rs"]
mod support;
mod talks;
mod templates;
