//! What speaks to SQLite, where a schema is a file.

pub(crate) mod connection;
pub(crate) mod diagnosis;
mod directory_tables;
pub(crate) mod files;
pub(crate) mod migrations;
pub(crate) mod status;
pub(crate) mod structure;
#[cfg(feature = "schema")]
pub(crate) mod typed_tables;
pub(crate) mod words;

pub(crate) use directory_tables::STATE_TABLE;

pub(crate) use super::tasks::blocking;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        connection::{Access, AsyncSqliteConnection},
        files::testing::{folder, moving, name, plan},
    };
    use crate::tenancy::TenantStatus;

    #[tokio::test]
    async fn a_file_is_not_attached_while_it_is_renamed() {
        let (_guard, folder) = folder();
        let tenant = name("client1");
        let wait = Duration::from_secs(20);
        folder.create(&tenant, &plan(&[]), TenantStatus::Active, wait).unwrap();
        let path = folder.path_of(&tenant).unwrap();
        let mut connection = AsyncSqliteConnection::open(wait).await.unwrap();
        let moving = moving(&folder, &tenant);
        let mut attaching = Box::pin(connection.attach(&tenant, &path, Access::ReadWrite));
        let early = tokio::time::timeout(Duration::from_millis(100), &mut attaching).await;
        assert!(early.is_err(), "{early:?}");
        drop(moving);
        attaching.await.unwrap();
        // From now on the file's own lock keeps it in its place.
        assert!(folder.rename(&tenant, &name("client2"), Duration::ZERO).is_err());
        connection.close().await;
        folder.rename(&tenant, &name("client2"), wait).unwrap();
    }
}
