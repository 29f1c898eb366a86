use std::fmt;

/// What work did to something that isn't its tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// It read a table, a sequence or a file.
    Read,
    /// It wrote rows, or advanced a sequence.
    Written,
    /// It changed the structure or the rights, or truncated a table.
    Changed,
    /// It called a function.
    Called,
    /// Its output contains a value.
    Shown,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Written => "written",
            Self::Changed => "changed",
            Self::Called => "called",
            Self::Shown => "shown",
        })
    }
}

/// Something that isn't the tenant's, and was reached by its work.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Leak {
    /// The schema, or the tenant.
    pub schema: String,
    /// The table, sequence, function or other object; `None` where it is the schema itself, or a value.
    pub object: Option<String>,
    /// What was done to it.
    pub access: Access,
    /// How the database knows: `1 sequential scan, 2 rows inserted`.
    pub evidence: String,
    /// The statements that did it, or may have done it. Empty if no witness saw one.
    pub statements: Vec<Statement>,
    /// Whether the witnesses know that it was these statements. Otherwise it may have been any of them.
    pub is_certain: bool,
}

/// A statement that was sent during an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// The statement of the application that ran this one, inside of a function, a trigger or a foreign key.
    pub inside_of: Option<String>,
    /// The function, file and line of the application's code, as far as they can be told. The line needs debug
    /// information, which tests have by default.
    pub place: Option<String>,
}

impl Leak {
    /// `tenant_b.items`
    pub fn name(&self) -> String {
        match &self.object {
            Some(object) => format!("{}.{object}", self.schema),
            None => self.schema.clone(),
        }
    }
}

/// How many statements are shown, where any of them may have been it.
const SHOWN: usize = 10;

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.access {
            Access::Shown => write!(f, "the output shows a value of {}", self.name())?,
            access => write!(f, "{} was {access}", self.name())?,
        }
        write!(f, " ({})", self.evidence)?;
        let bullet = match self.is_certain || self.statements.len() == 1 {
            true => "by",
            false if self.statements.is_empty() => return Ok(()),
            false => {
                write!(f, "\n   by one of these statements:")?;
                "-"
            }
        };
        for statement in self.statements.iter().take(SHOWN) {
            write!(f, "\n   {bullet} {}", one_line(&statement.sql))?;
            if let Some(outer) = &statement.inside_of {
                write!(f, "\n      inside of {}", one_line(outer))?;
            }
            if let Some(place) = &statement.place {
                write!(f, "\n      in {place}")?;
            }
        }
        match self.statements.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n   … and {more} more"),
        }
    }
}

/// Long statements are cut: they are shown to be recognized.
fn one_line(sql: &str) -> String {
    const LENGTH: usize = 300;
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
