//! Statements that a pool's connection refuses to send.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use diesel::result::Error;

use crate::translate::{HazardKind, Place, SessionEffect, Template, TranslateError, transaction_control};

/// Why a checkout refuses a statement that can be translated. Nothing was sent.
///
/// The error is inside [`QueryBuilderError`](diesel::result::Error::QueryBuilderError).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedStatement {
    /// The statement leaves something on the server's session, and a pooler in between may give that session to another
    /// tenant next.
    #[error(
        "`{name}` leaves something on the server's session, which a pooler in between (`search_path_from_role`) gives \
         to other tenants: use SET LOCAL, set_config(…, true), ON COMMIT DROP or pg_advisory_xact_lock in a \
         transaction, or a pool that bypasses the pooler, at {place}"
    )]
    StaysOnSession {
        /// The statement's first word, or the name of the function or temporary table.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement asks for the last value of a sequence, and a pooler in between may send it to another session.
    #[error(
        "`{name}` depends on what the server's session did before, and a pooler in between (`search_path_from_role`) \
         may use another session: use RETURNING, at {place}"
    )]
    CurrentValue {
        /// The function's name.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement asks for the id that the session generated last, which may be another tenant's.
    #[error(
        "`{name}` gives the id that the connection generated last, which may be another tenant's: use RETURNING, at \
         {place}"
    )]
    LastValue {
        /// The function's name.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement asks about the statement that the session ran before, which may be another tenant's, and whose
    /// warnings may quote that tenant's rows.
    #[error(
        "`{name}` tells about the statement that the connection ran before, which may be another tenant's: use the \
         answer of the statement itself, or `COUNT(*)`, at {place}"
    )]
    EarlierStatement {
        /// The word or the function's name.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement changes how connections wait for each other at a file of SQLite, and that may stay so.
    #[error(
        "`PRAGMA {name}` with a value would have other connections to the file wait for each other: the library \
         chooses how files are locked, at {place}"
    )]
    FileLocking {
        /// The name of the PRAGMA.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement creates a view or trigger of SQLite whose body, or whose trigger's table, names a schema.
    #[error(
        "a view or trigger of SQLite can't name the schema `{name}` behind its own name: the text stays in the file, \
         which could not be read or altered under another name. Names without a schema are looked for in the file \
         itself, at {place}"
    )]
    SchemaInBody {
        /// The schema's name, as it is written.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement copies rows from the client, which Diesel can't send: the server would wait for them.
    #[error(
        "Diesel can't run `{name} … FROM STDIN`, and the attempt would cost the connection: insert the rows in \
         batches, or copy them on a connection of tokio-postgres, at {place}"
    )]
    CopyFromStdin {
        /// The statement's first word.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement would end the transaction in which all of a test runs
    /// (`test_transaction`), or begin one.
    #[error(
        "`{name}` would end the transaction in which all of this test runs (`test_transaction`), or begin another one: \
         use Diesel's `transaction`, or give the test a database of its own (`TestTemplate`), at {place}"
    )]
    EndsTest {
        /// The statement's first word.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
    /// The statement creates a function, a type or another object that isn't a relation, by a name without a schema.
    #[error(
        "`{name}` has no schema, and would be created in a schema that all tenants share: write the tenant's schema \
         before the name, or create the object in a migration, at {place}"
    )]
    NoSchema {
        /// The object's name, as it is written.
        name: String,
        /// Where it stands in the text.
        place: Place,
    },
}

impl RefusedStatement {
    /// Why a text is refused inside of a test's transaction.
    pub(crate) fn in_test(sql: &str) -> Option<Self> {
        let (name, offset) = transaction_control(sql)?;
        let place = Place::new(sql, offset);
        Some(Self::EndsTest { name, place })
    }
}

static UNTRANSLATABLE: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// How many statements were not sent, since the process started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusalStatistics {
    /// Statements that could not be translated: mostly a tenant's table without a tenant. See
    /// [`TranslateError`](crate::TranslateError).
    pub untranslatable: u64,
    /// Statements that a checkout must not run: see [`RefusedStatement`].
    pub refused: u64,
}

/// How many statements were not sent on any connection of this process.
pub fn refusal_statistics() -> RefusalStatistics {
    RefusalStatistics {
        untranslatable: UNTRANSLATABLE.load(Relaxed),
        refused: REFUSED.load(Relaxed),
    }
}

/// Counts a statement that is not sent, if it is this library that doesn't.
pub(crate) fn count_refusal(error: &Error) {
    let Error::QueryBuilderError(error) = error else { return };
    let count = match (error.is::<TranslateError>(), error.is::<RefusedStatement>()) {
        (true, _) => &UNTRANSLATABLE,
        (_, true) => &REFUSED,
        (false, false) => return,
    };
    count.fetch_add(1, Relaxed);
}

/// Who shares a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Only the caller uses the session, and is responsible for its state.
    Alone,
    /// The tenants of a pool use it one after another. The pool closes a connection whose session isn't clean.
    InTurn,
    /// The tenants of a pool use it, and a pooler may be in between: closing the connection doesn't end the server's
    /// session.
    Pooler,
    /// The tenants of a pool use it one after another, in one transaction that only the pool may end.
    InTest {
        /// Whether a pooler may be in between where it is not a test.
        behind_pooler: bool,
    },
}

/// Why a text is refused, depending on who shares the session.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// Refused on every connection that tenants use in turn.
    in_turn: Option<RefusedStatement>,
    /// Refused in addition where a pooler may be in between.
    behind_pooler: Option<RefusedStatement>,
}

impl Refusals {
    /// The refusals for a text, by its analysis; `None` if there are none.
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
                HazardKind::EarlierStatement => in_turn = Some(RefusedStatement::EarlierStatement { name, place }),
                HazardKind::LastValue => in_turn = Some(RefusedStatement::LastValue { name, place }),
                HazardKind::FileLocking => in_turn = Some(RefusedStatement::FileLocking { name, place }),
                HazardKind::SchemaInBody => in_turn = Some(RefusedStatement::SchemaInBody { name, place }),
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
            Sharing::InTurn | Sharing::InTest { behind_pooler: false } => self.in_turn.as_ref(),
            Sharing::Pooler | Sharing::InTest { behind_pooler: true } => {
                self.in_turn.as_ref().or(self.behind_pooler.as_ref())
            }
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
