//! Scripts in tenants that are files of SQLite.

mod answer;
mod request;
mod run;
mod text;
