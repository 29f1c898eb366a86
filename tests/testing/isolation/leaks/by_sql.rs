//! Leaks that are statements, sent by hand or on a checkout.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::testing::isolation::Access::{Called, Changed, Read, Written};

use super::super::{audited, check};

/// Runs SQL on a connection that was opened by hand.
macro_rules! by_hand {
    ($($name:ident: $prepare:expr, $sql:expr => $expected:expr, $by:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_store, report) = audited($prepare, async |store| {
                let result = store.raw().await.batch_execute($sql).await;
                result.unwrap_or_else(|error| panic!("{error:?}"))
            }).await;
            check(&report, &$expected, $by);
        }
    )*};
}

/// Runs SQL on a checkout for `tenant_a`.
macro_rules! by_checkout {
    ($($name:ident: $prepare:expr, $sql:expr => $expected:expr, $by:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let (_store, report) = audited($prepare, async |store| {
                let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
                conn.batch_execute($sql).await.unwrap();
            }).await;
            check(&report, &$expected, $by);
        }
    )*};
}

by_hand! {
    a_read_by_hand: "", "SELECT count(*) FROM tenant_b.items" => [("tenant_b.items", Read)], "FROM tenant_b.items";
    an_insert_by_hand: "", "INSERT INTO tenant_b.items VALUES (99, 'x', 1)" => [("tenant_b.items", Written)], "INSERT";
    an_update_that_is_rolled_back: "", "BEGIN; UPDATE tenant_b.items SET price = 0; ROLLBACK"
        => [("tenant_b.items", Written)], "UPDATE";
    a_delete_of_one_row: "", "DELETE FROM tenant_c.orders WHERE id = 1" => [("tenant_c.orders", Written)], "DELETE";
    a_search_path_that_was_left: "", "SET search_path TO tenant_b; SELECT 1; SELECT sum(price) FROM items"
        => [("tenant_b.items", Read)], "FROM items";
    a_copy_out: "", "COPY tenant_b.items TO '/dev/null'" => [("tenant_b.items", Read)], "COPY";
    a_copy_in: "", "COPY tenant_b.empty FROM PROGRAM 'echo 1'" => [("tenant_b.empty", Written)], "COPY";
    a_truncation: "", "TRUNCATE tenant_b.orders" => [("tenant_b.orders", Changed)], "TRUNCATE";
    a_new_table: "", "CREATE TABLE tenant_b.notes (id int)" => [("tenant_b.notes", Changed)], "CREATE TABLE";
    a_new_column: "", "ALTER TABLE tenant_b.items ADD COLUMN note text" => [("tenant_b.items", Changed)], "ADD COLUMN";
    a_right_that_is_granted: "", "GRANT SELECT ON tenant_b.items TO public" => [("tenant_b.items", Changed)], "GRANT";
    a_comment: "", "COMMENT ON TABLE tenant_b.items IS 'x'" => [("tenant_b.items", Changed)], "COMMENT";
    a_dropped_schema: "", "DROP SCHEMA tenant_b CASCADE" => [("tenant_b", Changed)], "DROP";
    an_index_alone: "VACUUM tenant_b.items", "SET enable_seqscan = off; SELECT id FROM tenant_b.items WHERE id = 7"
        => [("tenant_b.items", Read)], "WHERE id = 7";
    a_row_by_its_place: "", "SELECT * FROM tenant_b.items WHERE ctid = '(0,1)'" => [("tenant_b.items", Read)], "ctid";
    a_sample: "", "SELECT count(*) FROM tenant_b.items TABLESAMPLE SYSTEM (100)" => [("tenant_b.items", Read)], "SAMPLE";
    an_empty_table: "", "SELECT * FROM ONLY tenant_b.empty" => [("tenant_b.empty", Read)], "ONLY";
    a_cursor: "", "BEGIN; DECLARE c CURSOR FOR SELECT * FROM tenant_b.items; FETCH 1 FROM c; COMMIT"
        => [("tenant_b.items", Read)], "CURSOR";
    a_text_that_is_executed: "", "DO $$ BEGIN EXECUTE format('DELETE FROM %I.orders', 'tenant_' || 'b'); END $$"
        => [("tenant_b.orders", Written)], "inside_of: Some(\"DO ";
    a_sequence: "", "SELECT nextval('tenant_b.numbers')" => [("tenant_b.numbers", Written)], "nextval";
    an_analysis: "", "ANALYZE tenant_b.items" => [("tenant_b.items", Read)], "ANALYZE";
}

by_checkout! {
    a_union: "", "SELECT price FROM items UNION ALL SELECT price FROM tenant_b.items"
        => [("tenant_b.items", Read)], "UNION ALL";
    a_function_with_anothers_search_path:
        "CREATE FUNCTION public.total() RETURNS bigint LANGUAGE sql SET search_path TO tenant_b AS
            'SELECT sum(price) FROM items'",
        "SELECT public.total()" => [("tenant_b.items", Read)], "inside_of: Some(\"SELECT public.total()";
    a_function_of_its_definer:
        "CREATE FUNCTION public.total() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN RETURN (SELECT sum(price) FROM tenant_c.items); END'",
        "SELECT public.total()" => [("tenant_c.items", Read)], "sum(price)";
    a_view_of_all_tenants:
        "CREATE VIEW public.all_items AS SELECT * FROM tenant_a.items UNION ALL SELECT * FROM tenant_b.items",
        "SELECT count(*) FROM public.all_items" => [("tenant_b.items", Read)], "all_items";
    a_materialized_view_that_is_refreshed:
        "CREATE MATERIALIZED VIEW public.all_items AS SELECT * FROM tenant_b.items",
        "REFRESH MATERIALIZED VIEW public.all_items" => [("tenant_b.items", Read)], "REFRESH";
    a_trigger_that_writes_elsewhere:
        "CREATE FUNCTION public.log() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO tenant_c.empty VALUES (1); RETURN NEW; END';
         CREATE TRIGGER log BEFORE UPDATE ON tenant_a.items FOR EACH ROW EXECUTE FUNCTION public.log()",
        "UPDATE items SET price = 1 WHERE id = 1" => [("tenant_c.empty", Written)], "INSERT INTO tenant_c.empty";
    a_rule:
        "CREATE RULE twice AS ON INSERT TO tenant_a.empty DO ALSO INSERT INTO tenant_b.empty VALUES (NEW.id)",
        "INSERT INTO empty VALUES (1)" => [("tenant_b.empty", Written)], "INSERT INTO";
    a_foreign_key_to_anothers_table:
        "ALTER TABLE tenant_a.empty ADD FOREIGN KEY (id) REFERENCES tenant_b.items (id)",
        "INSERT INTO empty VALUES (1)" => [("tenant_b.items", Read)], "tenant_a";
    a_shared_row_that_takes_others_with_it:
        "ALTER TABLE tenant_b.orders DROP CONSTRAINT orders_user_id_fkey,
            ADD FOREIGN KEY (user_id) REFERENCES public.users ON DELETE CASCADE;
         DELETE FROM tenant_a.orders; DELETE FROM tenant_c.orders",
        "DELETE FROM public.users WHERE id = 2" => [("tenant_b.orders", Written)], "DELETE FROM";
    a_default_from_anothers_sequence:
        "ALTER TABLE tenant_a.empty ALTER id SET DEFAULT nextval('tenant_b.numbers')",
        "INSERT INTO empty DEFAULT VALUES" => [("tenant_b.numbers", Written)], "INSERT INTO";
    a_function_of_another_tenant: "", "SELECT tenant_b.nothing()" => [("tenant_b.nothing", Called)], "nothing";
    a_table_that_inherits:
        "CREATE TABLE public.notes (id int); CREATE TABLE tenant_b.notes () INHERITS (public.notes)",
        "SELECT count(*) FROM public.notes" => [("tenant_b.notes", Read)], "notes";
    a_partition:
        "CREATE TABLE public.logs (tenant text) PARTITION BY LIST (tenant);
         CREATE TABLE tenant_b.logs PARTITION OF public.logs FOR VALUES IN ('b')",
        "INSERT INTO public.logs VALUES ('b')" => [("tenant_b.logs", Written)], "INSERT";
    a_check_by_a_function:
        "CREATE FUNCTION public.known(id int) RETURNS bool LANGUAGE plpgsql AS
            'BEGIN RETURN EXISTS (SELECT FROM tenant_b.items i WHERE i.id = $1); END';
         ALTER TABLE tenant_a.empty ADD CHECK (public.known(id))",
        "INSERT INTO empty VALUES (1)" => [("tenant_b.items", Read)], "EXISTS";
}
