//! A pool whose tenants are files.

mod bad_input;
mod checkouts;
mod directory;
mod fleet;
mod lives;
mod store;
