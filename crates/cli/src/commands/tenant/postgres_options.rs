use crate::{
    context::Context,
    database::{Instead, Manner},
    options::Patience,
};

/// What holds for texts where PostgreSQL's option `--leave-texts` is missing.
pub const TEXTS: Instead<'_> = Instead {
    on_sqlite: "leave it out: no text contains the tenant's name",
    on_mysql: "leave it out: views, triggers, routines and events are made anew under the new name",
};

/// What only PostgreSQL can do about those who use a tenant, and about texts that contain its name.
#[derive(Debug, Clone, Copy, Default)]
pub struct PostgresOptions {
    pub force: bool,
    pub leave_texts: bool,
}

impl PostgresOptions {
    /// How an operation treats those who use the tenant. Fails if the database has no such options.
    pub fn manner(self, patience: &Patience, context: &Context) -> anyhow::Result<Manner> {
        let Self { force, leave_texts } = self;
        if force {
            let instead = Instead {
                on_sqlite: "suspend the tenant, so that no checkout begins, and give those that run more time by --wait",
                on_mysql: "give those that use the tenant more time by --wait, or end their sessions, which SHOW \
                           PROCESSLIST lists, by KILL",
            };
            context.database.needs_postgres("--force", instead)?;
        }
        if leave_texts {
            context.database.needs_postgres("--leave-texts", TEXTS)?;
        }
        Ok(Manner {
            wait: patience.wait,
            force,
            leave_texts,
        })
    }
}
