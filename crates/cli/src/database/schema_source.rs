use diesel_tenants::migrations::MigrationFolder;

/// From where the declarations of tables are read.
pub enum SchemaSource {
    /// A live tenant, and the shared tables.
    Tenant(String),
    /// The shared migrations, and the tenants'.
    Migrations(MigrationFolder, MigrationFolder),
}
