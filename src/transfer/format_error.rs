use std::io;

use super::FORMAT_VERSION;

/// Why bytes can't be read as the export of a tenant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes can't be read at all.
    #[error("the export can't be read")]
    Read(#[from] io::Error),
    /// The bytes are not an export.
    #[error("this is not an export of a tenant: it doesn't begin like an export that `export_tenant` writes")]
    NotAnExport,
    /// A newer version of this library wrote them.
    #[error(
        "the export has version {found} of the format, and this version of diesel-tenants reads up to version \
         {FORMAT_VERSION}: import it with the version that wrote it, or a newer one"
    )]
    UnknownVersion {
        /// The version of the format.
        found: u32,
    },
    /// The export is of another kind of database.
    #[error(
        "the export is of a tenant of {exported_from}, and this pool's database is {this}: a pool for {exported_from} \
         can import it"
    )]
    AnotherDatabase {
        /// The database that the tenant was exported from.
        exported_from: &'static str,
        /// The database of the pool.
        this: &'static str,
    },
    /// The end is missing.
    #[error("the export ends too early, at byte {at}: the rest was lost, or never written; export the tenant again")]
    Truncated {
        /// How many bytes there are.
        at: u64,
    },
    /// The bytes were changed after they were written.
    #[error("the export is damaged: {found}, before byte {at}; use another copy of the export")]
    Damaged {
        /// How many bytes had been read.
        at: u64,
        /// The sign of the damage.
        found: &'static str,
    },
}
