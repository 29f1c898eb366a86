//! The command, as its users run it: in a folder of a project, on a real PostgreSQL, which is that of the suite, or on
//! a folder of SQLite. What is alike on both is tested on both.

mod bad_input;
mod base;
mod completion;
mod databases;
mod directory;
mod doctor;
mod documents;
mod domains;
mod down_scripts;
mod drift;
mod encrypted;
mod exports;
mod fleet;
mod folder;
mod interrupt;
mod names;
mod project;
mod run;
mod schema;
mod settings;
mod shared;
mod tables;
mod tenants;
