//! A throw-away PostgreSQL server for tests: one for each process, started on first use. Each test has a database of
//! its own.
//!
//! Applications use it by the feature `testing` of diesel-tenants. Its own tests, benches and examples use it too, with
//! a [MariaDB server](MariaDb) and [poolers](PgBouncer), which are for them alone.
//!
//! ```
//! use diesel_tenants_test_support::Server;
//!
//! let db = Server::shared().database();
//! db.run("CREATE SCHEMA client1; CREATE TABLE client1.orders (id int); INSERT INTO client1.orders VALUES (7)");
//! assert_eq!(db.query_strings("SELECT id FROM client1.orders"), [[Some("7".to_owned())]]);
//! // `db.url()` is what a pool is built from; the database is dropped with `db`.
//! ```
//!
//! A [`TestTemplate`] is prepared once, with migrations and rows, and copied for each test. A [`FolderTemplate`] does the
//! same for files of SQLite.
//!
//! # Which server
//!
//! With `DATABASE_URL` set, [`Server::shared`] uses that server and starts nothing; its role must be allowed to
//! `CREATE DATABASE`. Otherwise it starts one from the installed binaries, which it looks for in `$PATH`, in
//! `pg_config --bindir`, and where distributions put them. PostgreSQL 13 or newer, on a Unix.
//!
//! Such a server listens on 127.0.0.1 only, with a random password, in a fresh directory (in `/dev/shm` where
//! there is room). It trades durability for speed. A process of root runs it as the account `postgres`, since
//! PostgreSQL refuses to run as root.
//!
//! # Gone afterwards
//!
//! However the process ends (also by panic, Ctrl-C or `SIGKILL`, and without running destructors), the server stops
//! and its directory disappears: a watchdog waits for the end of a pipe that only this process holds.
//! That is why this is our own code: `pgtemp`, the crate nearest to it, needs `sudo` when run by root, leaves the
//! server's output pipes unread, and leaves the server running when its process is killed.
//!
//! On a server that `DATABASE_URL` names, each process holds an advisory lock while it runs. A process that asks for its
//! first database drops the databases of all processes without a lock: those that were killed, and templates.
//!
//! # A server to break
//!
//! [`Server::start`] gives a test a server of its own, to [`stop`](Server::stop) and [`restart`](Server::restart) in
//! mid-work. [`Server::builder`] adds settings and returns errors in place of panics.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod binaries;
mod builder;
mod causes;
mod client;
mod database;
mod directory;
mod error;
mod folder;
mod log;
mod mariadb;
mod poolers;
mod port;
mod presence;
mod process;
mod process_tag;
mod random;
mod server;
mod template;
mod url;
mod watchdog;

pub use builder::ServerBuilder;
pub use causes::chain;
pub use client::ClientError;
pub use database::Database;
pub use error::{DatabaseError, FolderError, StartError};
pub use folder::{FolderTemplate, PrepareFolder, TestFolder};
pub use mariadb::{Galera, MariaDb, MariaDbError, MariaDbSession, Outcome};
pub use poolers::{PgBouncer, Pgpool};
pub use server::Server;
pub use template::{PrepareDatabase, TestTemplate};
