/// A domain as directories know it: in lower case, without a dot at its end.
pub(crate) fn canonical_domain(domain: &str) -> String {
    domain.strip_suffix('.').unwrap_or(domain).to_lowercase()
}
