//! The command, as its users run it: in a folder of a project, on a real PostgreSQL, which is that of the suite.

mod bad_input;
mod doctor;
mod documents;
mod drift;
mod fleet;
mod interrupt;
mod project;
mod run;
mod schema;
mod settings;
mod shared;
mod tenants;
