use diesel::QueryResult;
use diesel_tenants_translate::SchemaName;

use super::DirectoryId;
use crate::backend::mysql::{Session, quote};

/// The tenants. A database without a row here is never handed out. Its `number` tells apart the tenants that had a name
/// one after the other; `folded` is the name for comparisons without regard to case and accents.
pub(crate) const TENANTS: &str = "__diesel_tenants";
/// The number that grows with every change of the tenants, and the id of this server's directory.
pub(crate) const VERSION: &str = "__diesel_tenants_version";
/// A row for each database, which is locked while an operation works on it.
pub(crate) const LOCKS: &str = "__diesel_tenants_locks";
/// The objects that a rename can't move, and makes anew.
pub(crate) const SAVED: &str = "__diesel_tenants_saved";

/// Names compare byte by byte, as databases do.
const NAME: &str = "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

/// Names compare as both servers compare names where they don't tell case and accents apart.
const FOLDED: &str = "VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci";

/// Ids of directories.
const ID: &str = "CHAR(32) CHARACTER SET ascii COLLATE ascii_bin";

/// Makes the shared database and the registry's tables, as far as they are missing.
pub(crate) async fn prepare(session: &mut Session, shared: &SchemaName) -> QueryResult<()> {
    let tables = [TENANTS, VERSION, LOCKS, SAVED];
    let names = tables.map(quote::literal).join(", ");
    let found = session
        .number(&format!(
            "SELECT COUNT(*) AS number FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME IN ({names})",
            quote::literal(shared.as_str())
        ))
        .await?;
    if usize::try_from(found) == Ok(tables.len()) {
        return Ok(());
    }
    let shared = quote::database(shared);
    session
        .run(&format!("CREATE DATABASE IF NOT EXISTS {shared} CHARACTER SET utf8mb4"))
        .await?;
    for sql in [
        format!(
            "CREATE TABLE IF NOT EXISTS {shared}.{TENANTS} (name {NAME} NOT NULL PRIMARY KEY, \
             status VARCHAR(16) NOT NULL, operation VARCHAR(16) NULL, step VARCHAR(16) NULL, other {NAME} NULL, \
             status_after VARCHAR(16) NULL, archived_from {NAME} NULL, archived_since BIGINT NULL, \
             archived_suspended TINYINT NULL, placed_by {ID} NULL, number BIGINT NOT NULL DEFAULT 0, \
             folded {FOLDED} AS (name) STORED, KEY folded (folded)) \
             ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {shared}.{VERSION} (id TINYINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL, \
             directory {ID} NOT NULL) \
             ENGINE = InnoDB"
        ),
        format!(
            "INSERT IGNORE INTO {shared}.{VERSION} (id, version, directory) VALUES (1, 1, {})",
            quote::literal(DirectoryId::random().as_str())
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {shared}.{SAVED} (tenant {NAME} NOT NULL, number INT NOT NULL, \
             kind VARCHAR(16) NOT NULL, name {NAME} NOT NULL, definition LONGTEXT NOT NULL, sql_mode TEXT NOT NULL, \
             PRIMARY KEY (tenant, number)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"
        ),
        // The last one: while it is missing, all of this is done again.
        format!("CREATE TABLE IF NOT EXISTS {shared}.{LOCKS} (name {NAME} NOT NULL PRIMARY KEY) ENGINE = InnoDB"),
    ] {
        session.run(&sql).await?;
    }
    Ok(())
}
