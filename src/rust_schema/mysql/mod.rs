//! Declarations of tables that are in databases of MySQL or MariaDB.

mod moved;
mod request;
mod scratch;
