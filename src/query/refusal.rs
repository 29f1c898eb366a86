//! Statements that a pool's connection does not send.

use crate::translate::{HazardKind, Place, SessionEffect, Template};

/// Why a checkout refuses a statement that can be translated. Nothing was sent.
///
/// The error is inside of [`QueryBuilderError`](diesel::result::Error::QueryBuilderError).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedStatement {
    /// The statement leaves something on the server's session, and a pooler in between may give that session to another
    /// tenant next.
    #[error(
        "`{name}` leaves something on the server's session, which a pooler in between (`search_path_from_role`) gives \
         to other tenants: use SET LOCAL, set_config(…, true), ON COMMIT DROP or pg_advisory_xact_lock in a \
         transaction, or a pool that leads past the pooler, at {place}"
    )]
    StaysOnSession {
        /// The statement's first word, or the name of the function or temporary table.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement asks for the last value of a sequence, and a pooler in between may ask another session.
    #[error(
        "`{name}` tells what the server's session did, and a pooler in between (`search_path_from_role`) may ask \
         another one: use RETURNING, at {place}"
    )]
    CurrentValue {
        /// The function's name.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement asks for the id that the session made last, which may be another tenant's.
    #[error(
        "`{name}` tells the id that the connection made last, for whichever tenant that was: use RETURNING, at {place}"
    )]
    LastValue {
        /// The function's name.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement copies rows from the client, which Diesel can't send: the server would wait for them.
    #[error(
        "`{name} … FROM STDIN` can't be run by Diesel, and costs the connection: insert the rows in batches, or copy \
         them on a connection of tokio-postgres, at {place}"
    )]
    CopyFromStdin {
        /// The statement's first word.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement creates a function, a type or another object that is no relation, by a name without a schema.
    #[error(
        "`{name}` has no schema, and would be created in one that all tenants share: write the tenant's schema before \
         it, or create it in a migration, at {place}"
    )]
    NoSchema {
        /// The object's name, as it is written.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
}

/// Who uses a session, one after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// The caller alone, who answers for it.
    Alone,
    /// The tenants of a pool, which closes what isn't as good as new.
    InTurn,
    /// The same through a pooler that may be in between: closing the connection doesn't end the server's session.
    Pooler,
}

/// What is refused of a text, by who else uses the session.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// On every connection that tenants use in turn.
    in_turn: Option<RefusedStatement>,
    /// Besides, where a pooler may be in between.
    behind_pooler: Option<RefusedStatement>,
}

impl Refusals {
    /// Of the text that was analysed, if there are any.
    pub(crate) fn of(sql: &str, template: &Template) -> Option<Box<Self>> {
        let at = |offset| (name_at(sql, offset), Place::new(sql, offset));
        let stays = match template.session_effect() {
            SessionEffect::Certain { offset } => {
                let (name, place) = at(offset);
                Some(RefusedStatement::StaysOnSession { name, place })
            }
            SessionEffect::None | SessionEffect::Possible => None,
        };
        let (mut in_turn, mut behind_pooler) = (None, stays);
        if let Some(hazard) = template.hazard() {
            let (name, place) = at(hazard.offset);
            match hazard.kind {
                HazardKind::CurrentValue => {
                    behind_pooler.get_or_insert(RefusedStatement::CurrentValue { name, place });
                }
                HazardKind::LastValue => in_turn = Some(RefusedStatement::LastValue { name, place }),
                HazardKind::CopyFromStdin => in_turn = Some(RefusedStatement::CopyFromStdin { name, place }),
                HazardKind::NoSchema => in_turn = Some(RefusedStatement::NoSchema { name, place }),
            }
        }
        (in_turn.is_some() || behind_pooler.is_some()).then(|| Box::new(Self { in_turn, behind_pooler }))
    }

    /// Why the text is not run on a session that is shared like this.
    pub(crate) fn on(&self, sharing: Sharing) -> Option<&RefusedStatement> {
        match sharing {
            Sharing::Alone => None,
            Sharing::InTurn => self.in_turn.as_ref(),
            Sharing::Pooler => self.in_turn.as_ref().or(self.behind_pooler.as_ref()),
        }
    }
}

/// The word or name at a place of the text.
fn name_at(sql: &str, offset: usize) -> String {
    let rest = sql.get(offset..).unwrap_or_default();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
        None => {
            let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | ',' | '.');
            rest.split(is_end).next().unwrap_or_default().to_owned()
        }
    }
}
