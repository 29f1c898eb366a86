//! The tables of [`DirectoryTables`](super::DirectoryTables) in the schema `public`, for typed queries.
//!
//! Declare the tables in your own crate to join them with your tables, to add columns, or for another shared schema:
//! Rust lets only the crate that declares a table say what it is joined with.

diesel::table! {
    /// The tenants, and where they live.
    public.tenants (name) {
        /// The name by which a tenant is checked out.
        name -> Text,
        /// The tenant's schema, or `NULL` if it shares tables with other tenants.
        schema_name -> Nullable<Text>,
        /// The tenant's id in shared tables, or `NULL` if it has a schema.
        tenant_id -> Nullable<Text>,
        /// The name of the database, as it was declared; `NULL` is the pool's own.
        database_name -> Nullable<Text>,
        /// `active`, `suspended`, `archived` or `unfinished`.
        status -> Text,
        /// When the row was made.
        created_at -> Timestamptz,
        /// When the row was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Domains, and the tenants to which they belong.
    public.domains (domain) {
        /// The domain, in lower case and in ASCII, without a dot at its end.
        domain -> Text,
        /// The tenant to which the domain belongs.
        tenant -> Text,
        /// Whether this is the tenant's main domain.
        is_primary -> Bool,
    }
}

diesel::joinable!(domains -> tenants (tenant));
diesel::allow_tables_to_appear_in_same_query!(tenants, domains);
