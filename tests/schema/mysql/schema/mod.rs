//! The tables of the database.

pub mod shared;
pub mod tenant;
