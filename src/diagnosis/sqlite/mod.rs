//! The diagnosis of a folder of SQLite.

mod directory;
mod files;
mod folder;
mod request;
