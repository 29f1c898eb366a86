//! Names and literals in SQL.

pub(crate) use diesel_tenants_translate::quote::{identifier, literal, names_between, names_in_list};
