//! The diagnosis of a server of MySQL or MariaDB.

mod request;
mod server;
mod tenants;
