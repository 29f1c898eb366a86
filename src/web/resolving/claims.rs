use super::host::unicode;
use crate::{
    BoxFuture, IntoSchemaName, SchemaName,
    pool::Backend,
    web::{Rejection, settings::Settings},
};

/// What was found in a request, before the directory or an async resolver is asked.
pub(crate) struct Claims {
    /// The open questions, in order.
    pub(crate) open: Vec<Open>,
    /// The answer if none of the open questions gives a tenant.
    pub(crate) otherwise: Result<Option<SchemaName>, Rejection>,
}

/// A question that must be awaited.
pub(crate) enum Open {
    Domain(String),
    Later(BoxFuture<'static, Result<Option<String>, Rejection>>),
    Both(Box<[Claims; 2]>),
}

impl Claims {
    /// The request's tenant; `None` if the request names none.
    pub(in crate::web) async fn settle<B: Backend>(
        self,
        tenants: &Settings<B>,
    ) -> Result<Option<SchemaName>, Rejection> {
        match self.open.is_empty() {
            true => self.otherwise,
            // Boxed: few requests need this future, and unboxed it would enlarge the futures of all.
            false => Box::pin(self.ask(tenants)).await,
        }
    }

    async fn ask<B: Backend>(self, tenants: &Settings<B>) -> Result<Option<SchemaName>, Rejection> {
        for open in self.open {
            let tenant = match open {
                Open::Domain(domain) => tenant_of(&domain, tenants).await?,
                Open::Later(find) => match find.await? {
                    Some(tenant) => Some(tenant.into_schema_name().map_err(Rejection::of_name)?),
                    None => None,
                },
                Open::Both(both) => {
                    let [one, other] = both.map(|claims| claims.settle(tenants));
                    agreed(one.await?, other.await?)?
                }
            };
            if tenant.is_some() {
                return Ok(tenant);
            }
        }
        self.otherwise
    }
}

fn agreed(one: Option<SchemaName>, other: Option<SchemaName>) -> Result<Option<SchemaName>, Rejection> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(Rejection::DifferentTenants { one, other }),
        (Some(tenant), Some(_)) => Ok(Some(tenant)),
        _ => Ok(None),
    }
}

/// A directory may have a domain in ASCII or in Unicode. If it has both forms, they must belong to the same tenant.
async fn tenant_of<B: Backend>(domain: &str, tenants: &Settings<B>) -> Result<Option<SchemaName>, Rejection> {
    let find = async |domain: &str| {
        let found = tenants.pool.tenant_of_domain(domain).await;
        found.map_err(|error| tenants.rejection_of(error))
    };
    let found = find(domain).await?;
    let unicode = unicode(domain);
    if unicode == domain {
        return Ok(found);
    }
    match (found, Box::pin(find(&unicode)).await?) {
        (Some(one), Some(other)) => agreed(Some(one), Some(other)),
        (one, other) => Ok(one.or(other)),
    }
}
