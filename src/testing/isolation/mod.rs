//! Finds what the work of one tenant does to the tables of others.
//!
//! [`audit`] runs any work (a closure, a request to a handler, a whole router) as one tenant, and then has the database
//! itself testify which tables were read or written. It sees everything that reaches the database, also what does not
//! go through the pool: connections that were opened by hand, functions, triggers, views, foreign keys. How much each
//! kind of database knows is listed below.
//!
//! ```no_run
//! # async fn handler() -> String { String::new() }
//! # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! use diesel_tenants::testing::isolation;
//!
//! let report = isolation::audit(&pool, "tenant_a").run(async || handler().await).await?;
//! let body = report.assert_isolated(); // panics, and names the table, the statement and the place in your code
//! # Ok(())
//! # }
//! ```
//!
//! A cache that is not keyed by tenant never reaches the database. So let the rows of the other tenants contain a
//! [`Marker`], and have the output searched for it: [`Audit::marker`], [`Audit::run_and_search`].
//!
//! # Rules
//!
//! - **Only in test databases.** On PostgreSQL, an audit ends all other sessions of the database, before and after the
//!   work. It refuses a database whose name does not begin with `diesel_tenants_test_`, unless a comment says that it is one:
//!   `COMMENT ON DATABASE … IS 'diesel-tenants test database'`.
//! - **The other tenants are idle.** What they do meanwhile can't be told from a leak. Audits of one database don't run
//!   at the same time: the second fails.
//! - The pool opens new connections afterwards, by itself. On PostgreSQL, a checkout that is held while an audit begins is
//!   closed.
//!
//! # What PostgreSQL testifies
//!
//! | the work | how the audit sees it |
//! |---|---|
//! | reads or writes a table, a materialized view or a sequence, in any way: also by `COPY`, `TABLESAMPLE`, an index alone, the check of a foreign key, in a transaction that is rolled back | the server's counters, which each session adds to when it ends |
//! | changes another tenant's structure or rights, or truncates a table | the catalogs, compared |
//! | calls a function in another tenant's schema | the server's counters; on a server where the role may set `track_functions` |
//! | shows another tenant's value | the search for a marker |
//!
//! Which statement did it, and where, comes from the pool's connections and, on a server that this kit started, from the
//! server's log, where each statement has its plan.
//!
//! **What it does not see there**: statements that name a table without reading it (`EXPLAIN`, `LIMIT 0`, `LOCK TABLE`);
//! what is read from the catalogs, such as the values in `pg_stats`; large objects, which belong to no schema; `NOTIFY`;
//! other databases, which `dblink` or a foreign table may reach.
//!
//! # What SQLite's files testify
//!
//! The audit closes the pool's idle connections, and waits until this process has none of the other tenants' files open.
//! Then whoever reads such a file changes the time at which the file system says that it was read, and whoever writes it
//! changes its content: by the pool or by hand, in this process or another. A file system that notes no such times
//! (mounted with `noatime`) is refused. So is a file that somebody keeps open. Only on Linux is it known which files are
//! open; elsewhere a connection by hand that was open before the work could answer from its memory, and the report says
//! so.
//!
//! - Who lists tenants, or migrates all of them, reads their files. Allow it where the work is to do that.
//! - A write that is rolled back, and one that writes what was there, count as reads.
//! - The statements are those of the pool's connections. No log shows those of a connection by hand.
//!
//! # What MariaDB testifies
//!
//! | the work | how the audit sees it |
//! |---|---|
//! | reads or writes rows, in any way: in a view, a trigger, a procedure or an event, in a transaction that is rolled back | the rows that the server counts of each table (`userstat`) |
//! | uses a table or a view without a row: `WHERE` finds none, `UPDATE` changes none, the table is empty; `EXPLAIN`, `SHOW CREATE TABLE`, `LOCK TABLES`, `CREATE TABLE … LIKE`, `information_schema.COLUMNS`. Also what some engines do without counting: `COUNT(*)` and `DELETE` of all rows, but for InnoDB. The report says `read` | the tables that the server has open: the audit closes all of them before the work |
//! | deletes or changes rows by the cascade of a foreign key, from a shared table or the tenant's own | the time at which each such table was last changed |
//! | changes another tenant's structure or rights, renames, truncates or replaces a table, creates or drops a database | the catalogs, compared, and InnoDB's numbers of tables |
//! | shows another tenant's value | the search for a marker |
//!
//! Every database counts as another tenant's that is neither the tenant's own nor the shared one, whatever its name. The
//! statements come from the server's log, which the audit has written to the table `mysql.general_log`: also those of
//! connections by hand, triggers and events. Of a procedure it has the `CALL` only. Where the pool sent a statement, the
//! report has the place in your code.
//!
//! - **Rights.** The audit's account sets global variables (`SUPER`), runs `FLUSH` (`RELOAD`), sees the tables of InnoDB
//!   (`PROCESS`) and all databases, and reads and empties the log. The account of an application should not have these
//!   rights: `observer(url)` names another.
//! - **It ends no session**, so any server will do. Audits of one server don't run at the same time, and other work on
//!   the server meanwhile counts as the audited work's. A table of another tenant that a session keeps in use
//!   (`LOCK TABLES`, `HANDLER`) is an error before the work, and a leak after it.
//! - The server's settings are as they were when the audit has ended. If the work panics, counting and logging go on.
//! - With a foreign key that cascades from a shared table or the tenant's own to another tenant's, an audit takes up to a
//!   second longer: the server's times are in seconds.
//!
//! **What it does not see there**: names of databases and tables (`SHOW TABLES`, `information_schema.SCHEMATA`), and what
//! is read from the server's own databases, such as `mysql.innodb_table_stats`; a routine of another tenant that touches
//! no table of it; rows that the check of a foreign key reads; a cascade that is rolled back or not yet committed, and
//! `SELECT` without a row, `EXPLAIN` and the like of a table that such a cascade reaches; `TRUNCATE` of a table that isn't
//! InnoDB's, within the second in which it was created; a use without a row, if the work then closes the table
//! (`FLUSH TABLES`) or opens more tables than the server keeps (`table_definition_cache`, 400); temporary tables, which
//! no other session sees; other servers: those of the pool, which the report names as not watched if they were used, and
//! those behind `FEDERATED`, `SPIDER` or `CONNECT`.
//!
//! MySQL itself has no such counts: the error is `AuditError::NoUserStatistics`.

mod audit;
mod audit_error;
mod culprits;
mod evidence;
mod leak;
mod marker;
#[cfg(feature = "mysql")]
mod mysql;
mod place;
mod postgres;
mod recorder;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;

use audit::Scope;
pub use audit::{Audit, AuditedBackend, audit};
pub use audit_error::AuditError;
pub use leak::{Access, Leak, Statement};
pub use marker::Marker;
pub use report::Report;
