//! The export of a tenant that is a file of SQLite: a copy of the file as of one moment, in the sections and with the
//! checksums of every export.
//!
//! A file holds everything that a tenant is, and its schema's name nowhere. So it is not taken apart into statements
//! and rows: the copy keeps also what no statement makes anew, such as virtual tables and the numbers of rows.

mod export;
mod head;
mod import;
