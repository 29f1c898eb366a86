//! What the kinds of database do differently, and why. The scenarios ask here; everything else is alike.

use diesel_tenants::Postgres;

/// How a kind of database differs.
pub trait Differences {
    /// The names that no tenant can have, besides the shared schema's and those that no database can hold.
    const RESERVED: &'static [&'static str];

    /// What the database says of a table that isn't there.
    const NO_TABLE: &'static str;

    /// Whether a checkout from before a rename keeps the tenant, and so keeps it from being renamed.
    const CHECKOUTS_HOLD_THE_NAME: bool;

    /// Whether a pool opens no connection while a tenant has the name of its symbolic schema.
    const KEEPS_AWAY_FROM_A_SYMBOLIC_NAME: bool;
}

impl Differences for Postgres {
    // PostgreSQL keeps schemas that begin like this for itself.
    const RESERVED: &'static [&'static str] = &["pg_catalog", "pg_x"];

    const NO_TABLE: &'static str = "does not exist";

    // Only a transaction holds a schema's tables.
    const CHECKOUTS_HOLD_THE_NAME: bool = false;

    // Functions, and names in strings, would reach the tenant.
    const KEEPS_AWAY_FROM_A_SYMBOLIC_NAME: bool = true;
}

#[cfg(feature = "sqlite")]
impl Differences for diesel_tenants::Sqlite {
    // Each connection has these two, and SQLite does not tell capital letters from small ones in names of schemas.
    const RESERVED: &'static [&'static str] = &["main", "temp", "Client1"];

    const NO_TABLE: &'static str = "no such table";

    // A file is renamed only while no connection has it open: its log would keep the former name.
    const CHECKOUTS_HOLD_THE_NAME: bool = true;

    const KEEPS_AWAY_FROM_A_SYMBOLIC_NAME: bool = false;
}

#[cfg(feature = "mysql")]
impl Differences for diesel_tenants::Mysql {
    // The server has these two, and Linux alone tells `Public` from `public`.
    const RESERVED: &'static [&'static str] = &["mysql", "sys", "Public"];

    const NO_TABLE: &'static str = "doesn't exist";

    // Only a transaction holds a tenant's tables.
    const CHECKOUTS_HOLD_THE_NAME: bool = false;

    const KEEPS_AWAY_FROM_A_SYMBOLIC_NAME: bool = false;
}
