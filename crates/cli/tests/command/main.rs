//! The command, as its users run it: in a folder of a project, on a real PostgreSQL, which is that of the suite, on a
//! folder of SQLite, or on a MariaDB. What is alike on all is tested on all.

mod bad_input;
mod balance;
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
mod mysql;
mod mysql_encrypted;
mod mysql_places;
mod mysql_transcript;
mod names;
mod page;
mod project;
mod reserved_names;
mod run;
mod schema;
mod settings;
mod shared;
mod tables;
mod tenants;
