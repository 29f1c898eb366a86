//! MariaDB testifies by what it counts of each table (`userstat`), the tables that it has open, its catalogs, and a log of
//! the statements.

mod cascades;
mod general_log;
mod observer;
mod open_tables;
mod settings;
mod statistics;
mod structure;
mod watch;

use super::{Access, Leak};

/// A schema, and a table or another object in it.
type Object = (String, String);

fn leak((schema, object): &Object, access: Access, evidence: String) -> Leak {
    Leak {
        schema: schema.clone(),
        object: Some(object.clone()).filter(|object| !object.is_empty()),
        access,
        evidence,
        statements: Vec::new(),
        is_certain: false,
    }
}
