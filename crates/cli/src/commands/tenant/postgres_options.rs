use crate::{context::Context, database::Manner, options::Patience};

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
            let instead = "suspend the tenant, so that no checkout begins, and give those that run more time by --wait";
            context.database.needs_postgres("--force", instead)?;
        }
        if leave_texts {
            context
                .database
                .needs_postgres("--leave-texts", "leave it out: no text contains the tenant's name")?;
        }
        Ok(Manner {
            wait: patience.wait,
            force,
            leave_texts,
        })
    }
}
