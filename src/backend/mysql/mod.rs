//! What speaks to MySQL and MariaDB, where a schema is a database.

pub(crate) mod connecting;
pub(crate) mod last_insert_id;
pub(crate) mod names;
pub(crate) mod tenants;
