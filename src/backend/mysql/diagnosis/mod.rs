//! What is asked of a server for a diagnosis. Nothing is changed.

mod databases;
mod server;
mod views;

pub(crate) use databases::{Databases, Look};
pub(crate) use server::{Settings, missing_rights, settings};
