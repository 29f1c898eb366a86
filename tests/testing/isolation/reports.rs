//! What a failing test prints.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{TranslateDsl, testing::isolation::audit};

use super::audited;
use crate::store::{Store, items};

mod shop {
    use super::*;

    /// A handler with a mistake in it.
    pub async fn report(store: &Store) -> i64 {
        let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
        items::table
            .count()
            .in_schema("tenant_b")
            .get_result(&mut conn)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn the_message_names_the_table_the_statement_and_the_place() {
    let (_store, report) = audited("", async |store| shop::report(store).await).await;
    let panic = catch_unwind(AssertUnwindSafe(|| report.assert_isolated())).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    let expected = "the work of tenant \"tenant_a\" reached what isn't its own:\n\
                    1. tenant_b.items was read (1 sequential scan, 20 rows scanned)\n   \
                       by SELECT COUNT(*) FROM \"tenant_b\".\"items\"\n      in ";
    let place = message.strip_prefix(expected).unwrap_or_else(|| panic!("{message}"));
    // A path, or a file and a line, as far as there is debug information.
    assert!(place.contains("reports"), "{place}");
}

#[tokio::test]
async fn a_schema_can_be_allowed() {
    let store = Store::new().await;
    let work = async || shop::report(&store).await;
    let report = audit(&store.pool, "tenant_a")
        .allow("tenant_b")
        .run(work)
        .await
        .unwrap();
    assert_eq!(report.assert_isolated(), 20);
}
