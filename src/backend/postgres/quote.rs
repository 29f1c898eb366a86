//! Names and literals in SQL.

pub(crate) use diesel_tenants_translate::quote::{clipped, identifier, literal, names_between, names_in_list};
