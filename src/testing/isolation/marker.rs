use std::{
    fmt,
    hash::{BuildHasher, RandomState},
};

use crate::SchemaName;

/// A text that only the rows of one tenant contain.
///
/// ```
/// use diesel_tenants::testing::isolation::Marker;
///
/// let tenant = "tenant_b".parse()?;
/// let marker = Marker::of(&tenant);
/// let sql = format!("INSERT INTO tenant_b.items (name) VALUES ('{marker}')"); // letters, digits and `_` only
/// # Ok::<(), diesel_tenants::SchemaNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    tenant: SchemaName,
    text: String,
}

impl Marker {
    /// A new text for a tenant, that nothing else contains: 40 letters and digits.
    pub fn of(tenant: &SchemaName) -> Self {
        // Each is seeded by the operating system.
        let random = || RandomState::new().hash_one(0);
        Self {
            tenant: tenant.clone(),
            text: format!("marker_{:016x}{:016x}x", random(), random()),
        }
    }

    /// The tenant whose rows contain it.
    pub fn tenant(&self) -> &SchemaName {
        &self.tenant
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_in(&self, output: &[u8]) -> bool {
        output
            .windows(self.text.len())
            .any(|window| window == self.text.as_bytes())
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
