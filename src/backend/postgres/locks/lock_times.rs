//! How long locks of PostgreSQL are waited for, and the pauses between attempts, each of which is twice the one before.
//! How long an operation goes on trying for locks on tables, its caller says.

use std::time::Duration;

/// How long an operation waits for the advisory locks of its schemas, unless
/// [`migration_lock_timeout`](crate::TenantPoolBuilder::migration_lock_timeout) says otherwise. Long enough for another
/// process to finish the migrations of a schema.
pub(crate) const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// The first pause between attempts, unless an operation has its own.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The longest pause between attempts, unless an operation has its own.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Drop, rename, archive, move: how long a statement waits for a lock on a table at a time, while other statements queue
/// behind it. This is less than the server's `deadlock_timeout` (by default one second), so that in a deadlock this
/// statement gives up, and the application's statement is not cancelled.
pub(crate) const TABLE_LOCK_TIMEOUT: Duration = Duration::from_millis(250);

/// The same, if only autovacuum is in the way: it gives way to a statement that waits longer than `deadlock_timeout`.
pub(crate) const AUTOVACUUM_LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// Drop, rename, archive: the first pause between attempts.
pub(crate) const FIRST_PAUSE_IN_USE: Duration = Duration::from_millis(10);

/// Export: how long it may make another session wait that changes a table, before it begins again.
pub(crate) const EXPORT_LOCK_TIMEOUT: Duration = Duration::from_millis(100);

/// A migration of all tenants: how long an attempt waits for locks on tables, unless `lock_timeout` says otherwise.
pub(crate) const FLEET_TABLE_LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// A migration of all tenants: how many attempts a tenant gets for its locks on tables, unless `lock_attempts` says
/// otherwise.
pub(crate) const FLEET_TABLE_LOCK_ATTEMPTS: u32 = 10;

/// A migration of all tenants: the first pause between attempts.
pub(crate) const FLEET_FIRST_PAUSE: Duration = Duration::from_millis(20);

/// A migration of all tenants: the longest pause between attempts for locks on tables.
pub(crate) const FLEET_LONGEST_PAUSE_FOR_TABLES: Duration = Duration::from_secs(2);
