//! Which names a tenant may have. What PostgreSQL itself reserves is refused before, by
//! [`SchemaName::new`](crate::SchemaName::new); every other name that no tenant may have is refused here. Names
//! that one kind of database alone refuses: `check_name` in `pool/backends`.

use super::{Backend, TenantPool};
use crate::{IntoSchemaName, SchemaName, SchemaNameError, tenancy::SPARE_PREFIX};

impl<B: Backend> TenantPool<B> {
    /// Checks a new tenant's name, and refuses the names that no new tenant may have.
    pub(crate) fn new_tenant_name(&self, tenant: impl IntoSchemaName) -> Result<SchemaName, SchemaNameError> {
        let name = self.tenant_name(tenant)?;
        if name.as_str().starts_with(SPARE_PREFIX) {
            return Err(SchemaNameError::Spare {
                name: name.as_str().to_owned(),
            });
        }
        Ok(name)
    }

    /// Checks the name of a tenant, or of a spare or an archive, which are tenants' schemas as well.
    pub(crate) fn tenant_name(&self, tenant: impl IntoSchemaName) -> Result<SchemaName, SchemaNameError> {
        let name = tenant.into_schema_name()?;
        if name == self.0.shared_schema {
            return Err(SchemaNameError::Shared {
                name: name.as_str().to_owned(),
            });
        }
        B::check_name(self, &name)?;
        if self.0.options.symbolic_schema.as_deref() == Some(name.as_str()) {
            return Err(SchemaNameError::Symbolic {
                name: name.as_str().to_owned(),
            });
        }
        Ok(name)
    }
}
