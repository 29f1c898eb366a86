//! A pool whose tenants are files.

mod bad_input;
mod checkouts;
mod directory;
mod each_tenant;
mod fleet;
mod lives;
mod store;
