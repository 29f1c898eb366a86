use std::sync::Arc;

use super::{
    claims::{Claims, Open},
    path::path_segment,
    request_host::request_host,
};
use crate::{
    BoxFuture, IntoSchemaName,
    web::{Framework, Host, Malformed, Rejection, TrustedProxies},
};

/// Finds the tenant in a request.
///
/// ```
/// use diesel_tenants::web::axum::Resolver;
///
/// // client1.example.com, or any domain that the pool's directory knows.
/// let resolver = Resolver::subdomain("example.com")?.or(Resolver::domain());
/// # Ok::<(), diesel_tenants::web::Malformed>(())
/// ```
///
/// A request without a tenant still reaches handlers. A handler that asks for the tenant gets [`Rejection::Missing`]; a
/// handler that asks for an `Option` of it gets `None`. A malformed host, header or path is an error, even if another
/// resolver follows.
pub struct Resolver<F: Framework> {
    steps: Vec<Step<F>>,
}

enum Step<F: Framework> {
    Subdomain { base: Host, except: Vec<String> },
    Domain,
    Header(String),
    PathSegment(usize),
    Custom(Arc<Custom<F>>),
    Later(Arc<Later<F>>),
    Both(Box<[Resolver<F>; 2]>),
}

impl<F: Framework> Clone for Resolver<F> {
    fn clone(&self) -> Self {
        Self {
            steps: self.steps.clone(),
        }
    }
}

impl<F: Framework> Clone for Step<F> {
    fn clone(&self) -> Self {
        match self {
            Self::Subdomain { base, except } => Self::Subdomain {
                base: base.clone(),
                except: except.clone(),
            },
            Self::Domain => Self::Domain,
            Self::Header(name) => Self::Header(name.clone()),
            Self::PathSegment(index) => Self::PathSegment(*index),
            Self::Custom(find) => Self::Custom(Arc::clone(find)),
            Self::Later(find) => Self::Later(Arc::clone(find)),
            Self::Both(both) => Self::Both(both.clone()),
        }
    }
}

type Custom<F> = dyn Fn(&<F as Framework>::Request<'_>) -> Result<Option<String>, Rejection> + Send + Sync;
type Later<F> =
    dyn Fn(&<F as Framework>::Request<'_>) -> BoxFuture<'static, Result<Option<String>, Rejection>> + Send + Sync;

impl<F: Framework> Resolver<F> {
    fn of(step: Step<F>) -> Self {
        Self { steps: vec![step] }
    }

    /// The label in front of a base domain: `client1` of `client1.example.com`. The base domain alone, an IP address,
    /// another domain, and more than one label name no tenant.
    ///
    /// Labels are in lower case, and in the letters of their script: `xn--mller-kva.example.com` is tenant `müller`.
    ///
    /// # Errors
    /// [`Malformed::Host`]: the base is not a domain.
    pub fn subdomain(base: &str) -> Result<Self, Malformed> {
        Self::subdomain_except(base, [])
    }

    /// Like [`subdomain`](Self::subdomain), except for labels that are not tenants: `www`, for instance.
    ///
    /// # Errors
    /// As for [`subdomain`](Self::subdomain).
    pub fn subdomain_except<'l>(base: &str, except: impl IntoIterator<Item = &'l str>) -> Result<Self, Malformed> {
        let base = Host::parse(base)?;
        if base.domain().is_none() {
            return Err(Malformed::Host);
        }
        let except = except.into_iter().map(str::to_lowercase).collect();
        Ok(Self::of(Step::Subdomain { base, except }))
    }

    /// The whole domain, as the pool's [directory](crate::TenantDirectory) knows it
    /// ([`TenantPool::tenant_of_domain`](crate::TenantPool::tenant_of_domain)). A domain that belongs to no tenant
    /// names none.
    pub fn domain() -> Self {
        Self::of(Step::Domain)
    }

    /// A header.
    ///
    /// **Clients choose what is in a header**: anybody who can send a request can name any tenant. Use it where
    /// something in front of the service sets the header and removes the client's, or where each handler checks that
    /// the user belongs to the tenant.
    pub fn header(name: impl Into<String>) -> Self {
        Self::of(Step::Header(name.into()))
    }

    /// A segment of the path, counted from 0: `client1` of `/client1/users`, percent-decoded.
    ///
    /// Every path has a first segment: give routes without a tenant, such as `/health`, their own router. As with
    /// [headers](Self::header), clients choose the segment. A path with a segment `.` or `..` is malformed: a proxy in
    /// front may have removed such segments before it checked who may see what. The same holds for a segment with such
    /// a part, between slashes and backslashes or before a `;`, and for percent-encoded forms.
    pub fn path_segment(index: usize) -> Self {
        Self::of(Step::PathSegment(index))
    }

    /// Your own function: it may read a session, or the claim in a token that was verified before. It sees the
    /// framework's own request.
    ///
    /// `Ok(None)` passes the request to the next resolver, an error answers it ([`Rejection::custom`]).
    pub fn custom(find: impl Fn(&F::Request<'_>) -> Result<Option<String>, Rejection> + Send + Sync + 'static) -> Self {
        Self::of(Step::Custom(Arc::new(find)))
    }

    /// Your own async function. It must move what it needs from the request into its future.
    pub fn custom_async(
        find: impl Fn(&F::Request<'_>) -> BoxFuture<'static, Result<Option<String>, Rejection>> + Send + Sync + 'static,
    ) -> Self {
        Self::of(Step::Later(Arc::new(find)))
    }

    /// This resolver and, where it finds no tenant, the other one.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self
    }

    /// The tenant on which this resolver and another one agree: a token's claim and the host, for instance, so that one
    /// tenant's users can't use another tenant's host.
    ///
    /// If either resolver finds no tenant, the request has none, and the next resolver is asked. If they find different
    /// tenants, the request is answered by [`Rejection::DifferentTenants`].
    ///
    /// ```
    /// use diesel_tenants::web::axum::Resolver;
    ///
    /// #[derive(Clone)]
    /// struct Claims {
    ///     tenant: String,
    /// }
    ///
    /// let claim = Resolver::custom(|parts| Ok(parts.extensions.get::<Claims>().map(|claims| claims.tenant.clone())));
    /// let resolver = claim.and(Resolver::subdomain("example.com")?);
    /// # Ok::<(), diesel_tenants::web::Malformed>(())
    /// ```
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::of(Step::Both(Box::new([self, other])))
    }

    /// Reads what a request claims, without awaiting anything: not every framework's request can be held across an
    /// await.
    pub(crate) fn claims(&self, request: &F::Request<'_>, proxies: &TrustedProxies) -> Claims {
        let mut open = Vec::new();
        for step in &self.steps {
            let found = match step.find(request, proxies) {
                Ok(Found::Nothing) => continue,
                Ok(Found::Open(question)) => {
                    open.push(question);
                    continue;
                }
                Ok(Found::Tenant(tenant)) => tenant.into_schema_name().map(Some).map_err(Rejection::of_name),
                Err(rejection) => Err(rejection),
            };
            return Claims { open, otherwise: found };
        }
        let otherwise = Ok(None);
        Claims { open, otherwise }
    }
}

enum Found {
    Nothing,
    Tenant(String),
    Open(Open),
}

impl From<Option<String>> for Found {
    fn from(tenant: Option<String>) -> Self {
        tenant.map_or(Self::Nothing, Self::Tenant)
    }
}

impl<F: Framework> Step<F> {
    fn find(&self, request: &F::Request<'_>, proxies: &TrustedProxies) -> Result<Found, Rejection> {
        Ok(match self {
            Self::Subdomain { base, except } => {
                let label = request_host::<F>(request, proxies)?.label_before(base);
                label.filter(|label| !except.contains(label)).into()
            }
            Self::Domain => match request_host::<F>(request, proxies)?.domain() {
                Some(domain) => Found::Open(Open::Domain(domain.to_owned())),
                None => Found::Nothing,
            },
            Self::Header(name) => one_header::<F>(request, name)?.map(str::to_owned).into(),
            Self::PathSegment(index) => path_segment(F::path(request), *index)?.into(),
            Self::Custom(find) => find(request)?.into(),
            Self::Later(find) => Found::Open(Open::Later(find(request))),
            Self::Both(both) => {
                let claims = both.each_ref().map(|resolver| resolver.claims(request, proxies));
                Found::Open(Open::Both(Box::new(claims)))
            }
        })
    }
}

/// The value of a header that may occur only once.
fn one_header<'h, F: Framework>(request: &'h F::Request<'_>, name: &str) -> Result<Option<&'h str>, Malformed> {
    match F::header_values(request, name) {
        [None, _] => Ok(None),
        [Some(value), None] => std::str::from_utf8(value).map(Some).map_err(|_| Malformed::NotText),
        _ => Err(Malformed::Repeated {
            header: name.to_owned(),
        }),
    }
}

impl<F: Framework> std::fmt::Debug for Resolver<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.steps).finish()
    }
}

impl<F: Framework> std::fmt::Debug for Step<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subdomain { base, .. } => write!(f, "subdomain of {base}"),
            Self::Domain => f.write_str("domain"),
            Self::Header(name) => write!(f, "header {name:?}"),
            Self::PathSegment(index) => write!(f, "path segment {index}"),
            Self::Custom(_) | Self::Later(_) => f.write_str("custom"),
            Self::Both(both) => f.debug_tuple("both").field(&both[0]).field(&both[1]).finish(),
        }
    }
}
