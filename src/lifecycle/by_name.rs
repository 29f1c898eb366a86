//! What becomes of texts that hold a schema's name when it gets another one.

use super::{LifecycleError, operation::Operation};
use crate::{
    SchemaName,
    backend::postgres::structure::{Followers, followers, outsiders, texts},
};

/// What to do about texts that name a schema and can't follow it to its new name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Texts {
    /// The operation fails, and says where they are.
    #[default]
    Refuse,
    /// They are left as they are.
    Leave,
}

impl Operation<'_> {
    /// Brings the settings of functions to the name that the schema has now, in the transaction that renamed it.
    pub(super) async fn bring_along(&mut self, from: &SchemaName, to: &SchemaName) -> Result<(), LifecycleError> {
        let statements = followers(self.connection, from, to, Followers::All).await;
        match statements.map_err(|source| self.failed(source))? {
            statements if statements.is_empty() => Ok(()),
            statements => self.execute(&statements).await,
        }
    }

    /// Fails if the schema's own texts still name it as it was called before.
    ///
    /// Once it is renamed: what is bound shows the new name then, so that the old one stands in texts alone.
    pub(super) async fn refuse_own_texts(&mut self, from: &SchemaName, to: &SchemaName) -> Result<(), LifecycleError> {
        let is_old = |_: &str, name: &str| name == from.as_str();
        let found = texts(self.connection, &[to.as_str()], &is_old).await;
        let found = found.map_err(|source| self.failed(source))?;
        self.refusal(from, found.into_iter().map(|holder| holder.object).collect())
            .map_or(Ok(()), Err)
    }

    /// Fails if texts outside of the schema name it as it was called before.
    pub(super) async fn refuse_outsiders(&mut self, from: &SchemaName, to: &SchemaName) -> Result<(), LifecycleError> {
        let found = outsiders(self.connection, to, from).await;
        let found = found.map_err(|source| self.failed(source))?;
        self.refusal(from, found.into_iter().map(|holder| holder.object).collect())
            .map_or(Ok(()), Err)
    }

    fn refusal(&self, name: &SchemaName, by: Vec<String>) -> Option<LifecycleError> {
        (!by.is_empty()).then(|| LifecycleError::NamedInTexts {
            operation: self.event.clone(),
            schema: name.clone(),
            by,
        })
    }
}
