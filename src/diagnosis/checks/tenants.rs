use crate::{
    CheckoutError, TenantPool, TenantStatus,
    diagnosis::{Check, Finding, Severity},
};

/// What the pool itself finds among its tenants.
pub(in crate::diagnosis) async fn check_tenants(pool: &TenantPool) -> Result<[Finding; 2], CheckoutError> {
    let tenants = pool.all_tenants().await?.into_iter();
    let unfinished = tenants.filter(|tenant| tenant.status == TenantStatus::Unfinished);
    let unfinished = unfinished.map(|tenant| tenant.name.to_string()).collect();
    let crossing = pool.cross_references().await?;
    let crossing = crossing.iter().map(ToString::to_string).collect();
    Ok([
        // What a crash left half-made, or half-dropped.
        Finding::names(
            Check::UnfinishedTenants,
            Severity::Warning,
            unfinished,
            "what began there was never finished: `create_tenant` makes it anew, `drop_tenant` removes it",
        ),
        Finding::names(
            Check::CrossReferences,
            Severity::Problem,
            crossing,
            "it reads or writes another tenant's rows: write it without a tenant's name, functions with SET search_path FROM CURRENT",
        )
        .or_fine("no function, default or option leads into another tenant"),
    ])
}
