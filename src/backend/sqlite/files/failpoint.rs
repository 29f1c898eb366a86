//! Where tests end a process as a power cut would.

/// Ends the process without running anything, if a test wants it to end here.
#[cfg(test)]
pub(crate) fn reach(step: &str) {
    if std::env::var_os(VARIABLE).is_some_and(|wanted| wanted == step) {
        std::process::abort();
    }
}

#[cfg(not(test))]
pub(crate) fn reach(_: &str) {}

/// The environment variable that names the step.
#[cfg(test)]
pub(crate) const VARIABLE: &str = "DIESEL_TENANTS_ABORT_AT";
