//! A pool whose tenants are files.

mod bad_input;
mod checkouts;
mod diagnosis;
mod directory;
mod drift;
mod fleet;
mod journal_mode;
mod lives;
mod replaced;
mod script;
mod status;
mod store;
mod transfer;
