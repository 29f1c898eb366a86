use std::collections::HashSet;

use crate::{IntoSchemaName, SchemaName, SchemaNameError, TenantPool, pool::Backend};

/// The names of tenants that the caller chose, each once. A tenant under a reserved name may be among them: its failure is
/// reported.
pub(in crate::migrations) fn chosen_names<B: Backend>(
    pool: &TenantPool<B>,
    tenants: impl IntoIterator<Item: IntoSchemaName>,
) -> Result<Vec<SchemaName>, SchemaNameError> {
    let (mut names, mut met) = (Vec::new(), HashSet::new());
    for tenant in tenants {
        let name = pool.name_of_existing(tenant)?;
        if met.insert(name.clone()) {
            names.push(name);
        }
    }
    Ok(names)
}
