use super::{Finding, Severity};

/// The findings of a diagnosis.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DiagnosisReport {
    /// What each check found, including the checks that found nothing wrong.
    pub findings: Vec<Finding>,
}

impl DiagnosisReport {
    /// The severity of the worst finding.
    pub fn worst(&self) -> Severity {
        let severities = self.findings.iter().map(|finding| finding.severity);
        severities.max().unwrap_or(Severity::Fine)
    }
}
