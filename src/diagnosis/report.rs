use super::{Finding, Severity};

/// What a diagnosis found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DiagnosisReport {
    /// What each check found, also where all is well.
    pub findings: Vec<Finding>,
}

impl DiagnosisReport {
    /// The severity of the worst finding.
    pub fn worst(&self) -> Severity {
        let severities = self.findings.iter().map(|finding| finding.severity);
        severities.max().unwrap_or(Severity::Fine)
    }
}
