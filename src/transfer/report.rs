use super::ExportedVersion;

/// The result of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportReport {
    /// How many tables, including the version table and partitions.
    pub tables: usize,
    /// How many rows in all tables.
    pub rows: u64,
    /// How many bytes were written.
    pub bytes: u64,
    /// The migrations that the tenant has, oldest first.
    pub versions: Vec<ExportedVersion>,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// The name of the tenant that was exported.
    pub exported_as: String,
    /// The version of the exporting server, as in `server_version_num`: 170004 is 17.4. Of SQLite it is the library's,
    /// as in `sqlite3_libversion_number`: 3050004 is 3.50.4. Of MySQL and MariaDB, 101119 is 10.11.19.
    pub server_version: u32,
    /// The version of this library that exported it.
    pub exported_by: String,
    /// How many tables, including the version table and partitions.
    pub tables: usize,
    /// How many rows in all tables.
    pub rows: u64,
    /// The migrations that the tenant has, oldest first.
    pub versions: Vec<ExportedVersion>,
}
