use crate::{
    CheckoutError, TenantPool, TenantStatus,
    diagnosis::{Check, Finding, Severity},
};

/// What the pool itself finds out about its tenants.
pub(super) async fn check_tenants(pool: &TenantPool) -> Result<[Finding; 3], CheckoutError> {
    let tenants = pool.all_tenants().await?;
    let unfinished = tenants
        .iter()
        .filter(|tenant| tenant.status == TenantStatus::Unfinished);
    let unfinished = unfinished.map(|tenant| tenant.name.to_string()).collect();
    let reserved = tenants
        .into_iter()
        .filter_map(|tenant| Some((tenant.name, tenant.reserved?)));
    let crossing = pool.cross_references().await?;
    let crossing = crossing.iter().map(ToString::to_string).collect();
    Ok([
        // Tenants that a crash left half created, or half dropped.
        Finding::names(
            Check::UnfinishedTenants,
            Severity::Warning,
            unfinished,
            "creating or dropping these tenants was never finished: `create_tenant` creates such a tenant anew, \
             `drop_tenant` removes it",
        ),
        Finding::reserved_names(reserved),
        Finding::names(
            Check::CrossReferences,
            Severity::Problem,
            crossing,
            "these objects read or write another tenant's rows: define them without a tenant's name, and functions \
             with SET search_path FROM CURRENT",
        )
        .or_fine("no function, default or option leads into another tenant"),
    ])
}
