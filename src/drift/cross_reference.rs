use std::fmt;

use crate::SchemaName;

/// An object in a tenant's schema with a text that names another tenant's schema, which PostgreSQL reads anew each
/// time: a function in the schema of client2 with `SET search_path = client1`, or with `client1.orders` in its body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossReference {
    /// The tenant that has the object.
    pub tenant: SchemaName,
    /// The object, without the schema: `function log_note()`.
    pub object: String,
    /// The tenants whose schemas the object names.
    pub names: Vec<SchemaName>,
}

impl fmt::Display for CrossReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("{:?}", name.as_str())).collect();
        write!(
            f,
            "{} of {:?} leads to {}",
            self.object,
            self.tenant.as_str(),
            names.join(", ")
        )
    }
}
