//! The export of a tenant that is a database of MySQL or MariaDB: the statements that make its tables and other objects,
//! and its rows, in the sections and with the checksums of every export.
//!
//! Rows are bytes, as the server stores them: nothing is converted between character sets.

mod export;
mod head;
mod import;
