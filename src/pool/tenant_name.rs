//! Which names a tenant may have, and what becomes of a tenant that has another one. [`SchemaName::new`] refuses before
//! what PostgreSQL itself reserves; every other name that no tenant may have is refused here. Names that one kind of
//! database alone refuses: `check_name` in `pool/backends`.
//!
//! A tenant may exist under a name that no tenant may have: the pool got a symbolic schema of that name later, or a
//! later version of this library reserves the name. Such a tenant is in every list, with the reason
//! ([`TenantInfo::reserved`]). Nothing is done to it but what frees the name: renaming, archiving and dropping it.

use super::{Backend, TenantInfo, TenantPool};
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError,
    tenancy::{SPARE_PREFIX, TenantStatus},
};

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
        match self.0.options.symbolic_schema.as_deref() == Some(name.as_str()) {
            true => Err(SchemaNameError::Symbolic {
                name: name.as_str().to_owned(),
            }),
            false => Ok(name),
        }
    }

    /// Checks the name of a tenant that may exist although no tenant may have the name: for what frees the name, and for
    /// what only tells about the tenant. The shared schema is no tenant, and neither are schemas of extensions.
    pub(crate) fn name_of_existing(&self, tenant: impl IntoSchemaName) -> Result<SchemaName, SchemaNameError> {
        match self.tenant_name(tenant) {
            Err(SchemaNameError::Symbolic { name } | SchemaNameError::NoDatabase { name, .. }) => {
                SchemaName::new(&name)
            }
            checked => checked,
        }
    }

    /// A schema that is marked as a tenant's. The shared schema, those of extensions and PostgreSQL's own are no tenants,
    /// also if something marked them like one.
    pub(crate) fn marked_as_tenant(&self, schema: &str) -> Option<SchemaName> {
        self.name_of_existing(schema).ok()
    }

    /// What a list tells of a tenant that exists.
    pub(crate) fn tenant_info(&self, name: SchemaName, status: TenantStatus) -> TenantInfo {
        TenantInfo {
            reserved: self.tenant_name(&name).err(),
            name,
            status,
        }
    }
}
