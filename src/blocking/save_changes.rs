use diesel::{
    QueryResult,
    associations::HasTable,
    connection::Connection,
    dsl::Update,
    prelude::{AsChangeset, RunQueryDsl},
    query_builder::{AsQuery, IntoUpdateTarget},
    query_dsl::{UpdateAndFetchResults, methods::LoadQuery},
};

use crate::{TenantConnection, query::TranslatedBackend};

/// `save_changes`: one `UPDATE … RETURNING`.
impl<'query, C, Changes, Output> UpdateAndFetchResults<Changes, Output> for TenantConnection<C>
where
    C: Connection<Backend: TranslatedBackend> + 'static,
    Changes: Copy + AsChangeset<Target = <Changes as HasTable>::Table> + IntoUpdateTarget,
    Update<Changes, Changes>: AsQuery + LoadQuery<'query, Self, Output>,
{
    fn update_and_fetch(&mut self, changeset: Changes) -> QueryResult<Output> {
        diesel::update(changeset).set(changeset).get_result(self)
    }
}
