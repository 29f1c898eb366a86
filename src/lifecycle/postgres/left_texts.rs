//! What happens to texts that contain a schema's name when the schema is renamed.

use super::operation::Operation;
use crate::{
    SchemaName,
    backend::postgres::structure::{Followers, Texts as SchemaTexts, followers, outsiders},
    lifecycle::LifecycleError,
};

impl Operation<'_> {
    /// Changes the settings of functions to the schema's new name, in the transaction that renamed it.
    pub(super) async fn bring_along(&mut self, from: &SchemaName, to: &SchemaName) -> Result<(), LifecycleError> {
        let statements = followers(self.connection, from, to, Followers::All).await;
        match statements.map_err(|source| self.failed(source))? {
            statements if statements.is_empty() => Ok(()),
            statements => self.execute(&statements).await,
        }
    }

    /// Fails if the schema's own texts still contain its former name.
    ///
    /// Call this after the rename: references by OID then show the new name, so that only texts contain the former one.
    pub(super) async fn refuse_own_texts(&mut self, from: &SchemaName, to: &SchemaName) -> Result<(), LifecycleError> {
        let is_old = |_: &str, name: &str| name == from.as_str();
        let texts = SchemaTexts::of(self.connection, &[to.as_str()]).await;
        let found = texts.map_err(|source| self.failed(source))?.holders(&is_old);
        self.refusal(from, found.into_iter().map(|holder| holder.object).collect())
            .map_or(Ok(()), Err)
    }

    /// Fails if texts outside the schema contain its former name.
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
