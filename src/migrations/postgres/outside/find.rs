//! The statements of a migration that work outside the tenant's schema.

use super::{
    function::of_function,
    reader::word,
    statement::{Target, target},
};
use crate::translate::{TokenKind, string_content, tokens};

/// A statement that works outside the tenant's schema.
pub(super) struct Found {
    pub(super) statement: String,
    /// The schema that the statement names, if any.
    pub(super) schema: Option<String>,
}

/// A text that can't be cut into tokens has no such statements: the server will refuse it.
pub(super) fn find(sql: &str) -> Vec<Found> {
    let mut found = Vec::new();
    find_in(sql, false, &mut found);
    found
}

/// Statements begin after a semicolon and, in a block of code, after the words that begin a list of statements.
fn find_in(sql: &str, in_block: bool, found: &mut Vec<Found>) {
    let Some(tokens) = tokens(sql) else { return };
    let mut is_begin = true;
    for (index, token) in tokens.iter().enumerate() {
        if is_begin && token.kind != TokenKind::Semicolon {
            let end = tokens[index..]
                .iter()
                .position(|token| token.kind == TokenKind::Semicolon);
            let statement = &tokens[index..end.map_or(tokens.len(), |end| index + end)];
            for Target { schema, end } in target(sql, statement) {
                let text = &sql[token.start as usize..end];
                let words: Vec<&str> = text.split_whitespace().collect();
                found.push(Found {
                    statement: words.join(" "),
                    schema,
                });
            }
            let left = match in_block {
                false => of_function(sql, statement, &tokens[index..]),
                true => Vec::new(),
            };
            found.extend(left.into_iter().map(|statement| Found {
                statement,
                schema: None,
            }));
            let first = word(sql, *token);
            if first == "do" || (in_block && first == "execute") {
                let strings = statement.iter().filter(|token| token.kind == TokenKind::String);
                strings.for_each(|string| {
                    find_in(
                        &string_content(&sql[string.start as usize..string.end as usize]),
                        true,
                        found,
                    )
                });
            }
        }
        is_begin = token.kind == TokenKind::Semicolon
            || (in_block && ["begin", "then", "else", "loop"].contains(&&*word(sql, *token)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_found(sql: &str, statements: &[&str]) {
        let found: Vec<String> = find(sql).into_iter().map(|found| found.statement).collect();
        assert_eq!(found, statements, "{sql}");
    }

    #[test]
    fn what_names_another_schema_is_found() {
        for (sql, statement) in [
            ("CREATE TABLE  public.accounts (id int)", "CREATE TABLE public.accounts"),
            (
                "create unlogged table if not exists Public.a ()",
                "create unlogged table if not exists Public.a",
            ),
            (
                "ALTER TABLE IF EXISTS ONLY public.users ADD COLUMN a int",
                "ALTER TABLE IF EXISTS ONLY public.users",
            ),
            (
                "DROP TABLE IF EXISTS own, \"pub lic\".users CASCADE",
                "DROP TABLE IF EXISTS own, \"pub lic\".users",
            ),
            (
                "CREATE OR REPLACE FUNCTION public.f(a int) RETURNS int LANGUAGE sql AS ''",
                "CREATE OR REPLACE FUNCTION public.f",
            ),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY i ON public.users (a)",
                "CREATE UNIQUE INDEX CONCURRENTLY i ON public.users",
            ),
            (
                "CREATE TRIGGER t AFTER INSERT OR UPDATE OF a ON public.users EXECUTE FUNCTION f()",
                "CREATE TRIGGER t AFTER INSERT OR UPDATE OF a ON public.users",
            ),
            ("DROP POLICY p ON public.users", "DROP POLICY p ON public.users"),
            (
                "CREATE RULE r AS ON INSERT TO public.users DO NOTHING",
                "CREATE RULE r AS ON INSERT TO public.users",
            ),
            (
                "CREATE MATERIALIZED VIEW public.v AS SELECT 1",
                "CREATE MATERIALIZED VIEW public.v",
            ),
            (
                "CREATE TEXT SEARCH CONFIGURATION public.c (COPY = simple)",
                "CREATE TEXT SEARCH CONFIGURATION public.c",
            ),
            (
                "CREATE OPERATOR public.=== (LEFTARG = int)",
                "CREATE OPERATOR public.===",
            ),
            ("ALTER TYPE public.mood ADD VALUE 'x'", "ALTER TYPE public.mood"),
            (
                "COMMENT ON COLUMN public.users.name IS 'x'",
                "COMMENT ON COLUMN public.users.name",
            ),
            (
                "COMMENT ON CONSTRAINT c ON public.users IS 'x'",
                "COMMENT ON CONSTRAINT c ON public.users",
            ),
            (
                "GRANT SELECT, UPDATE (a) ON TABLE public.users TO app",
                "GRANT SELECT, UPDATE (a) ON TABLE public.users",
            ),
            ("TRUNCATE public.users", "TRUNCATE public.users"),
            (
                "REFRESH MATERIALIZED VIEW public.v",
                "REFRESH MATERIALIZED VIEW public.v",
            ),
            (
                "ALTER TABLE orders SET SCHEMA public",
                "ALTER TABLE orders SET SCHEMA public",
            ),
            ("SELECT 1 AS a INTO public.t", "SELECT 1 AS a INTO public.t"),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn what_belongs_to_all_of_the_database_is_found() {
        for (sql, statement) in [
            (
                "CREATE EXTENSION IF NOT EXISTS citext",
                "CREATE EXTENSION IF NOT EXISTS citext",
            ),
            ("DROP SCHEMA other CASCADE", "DROP SCHEMA other"),
            ("CREATE ROLE app LOGIN", "CREATE ROLE app"),
            ("ALTER DATABASE store SET work_mem = '1MB'", "ALTER DATABASE store"),
            ("ALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM SET"),
            ("CREATE PUBLICATION p FOR ALL TABLES", "CREATE PUBLICATION p"),
            (
                "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
                "CREATE EVENT TRIGGER t",
            ),
            ("GRANT USAGE ON SCHEMA public TO app", "GRANT USAGE ON SCHEMA public"),
            (
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
                "GRANT SELECT ON ALL TABLES IN SCHEMA public",
            ),
            ("GRANT admin TO app", "GRANT admin TO app"),
            ("DROP OWNED BY app", "DROP OWNED BY"),
            (
                "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app",
                "ALTER DEFAULT PRIVILEGES GRANT",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn a_search_path_of_its_own_and_blocks_of_code_are_found() {
        for (sql, statement) in [
            (
                "SET search_path = public; CREATE TABLE a ()",
                "SET search_path = public",
            ),
            (
                "SET LOCAL search_path TO public, other",
                "SET LOCAL search_path TO public",
            ),
            (
                "SELECT pg_catalog.set_config('search_path', 'public', false)",
                "SELECT pg_catalog.set_config('search_path', 'public'",
            ),
            (
                "DO $x$ BEGIN IF true THEN CREATE TYPE public.mood AS ENUM (); END IF; END $x$",
                "CREATE TYPE public.mood",
            ),
            (
                "DO $$ BEGIN EXECUTE 'CREATE TABLE public.a (b text DEFAULT ''x'')'; END $$",
                "CREATE TABLE public.a",
            ),
            (
                "DO $$ BEGIN EXECUTE format('ALTER TABLE public.%I ADD a int', 'b'); END $$",
                "ALTER TABLE public.%",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
    }

    #[test]
    fn functions_that_leave_something_on_their_callers_session_are_found() {
        for (sql, statement) in [
            (
                "CREATE OR REPLACE FUNCTION  report(a int) RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
                 BEGIN CREATE TEMP TABLE tmp_report AS SELECT 1; END $$",
                "CREATE OR REPLACE FUNCTION report: CREATE TEMP TABLE tmp_report, which stays on its caller's session",
            ),
            (
                "CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN SET app.tenant = ''x''; END'",
                "CREATE PROCEDURE p: SET app, which stays on its caller's session",
            ),
            (
                "CREATE FUNCTION f() RETURNS text BEGIN ATOMIC SELECT 1; SELECT set_config('a', 'b', false); END; SELECT 1",
                "CREATE FUNCTION f: set_config, which stays on its caller's session",
            ),
        ] {
            assert_found(sql, &[statement]);
        }
        assert_found(
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql SET work_mem = '1MB' AS
             $$ BEGIN CREATE TEMP TABLE a (x int) ON COMMIT DROP; SET LOCAL work_mem = '2MB'; END $$",
            &[],
        );
    }

    #[test]
    fn what_stays_in_the_tenants_schema_is_no_work_outside() {
        for sql in [
            "CREATE TABLE orders (id int REFERENCES public.users, LIKE public.template)",
            "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES public.users",
            "CREATE VIEW v AS SELECT * FROM public.users",
            "CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION public.f()",
            "CREATE FUNCTION f(a public.mood) RETURNS public.mood LANGUAGE sql AS $$ CREATE TABLE public.a () $$",
            "CREATE TEMP TABLE pg_temp.a ()",
            "CREATE TEMP TABLE a ()",
            "INSERT INTO public.plans VALUES ('DROP TABLE public.users')",
            "CREATE INDEX ON orders (lower(name))",
            "ALTER SEQUENCE s OWNED BY orders.id",
            "COMMENT ON COLUMN orders.id IS 'x'",
            "GRANT SELECT ON orders TO app",
            "DROP TABLE a, b",
            "CREATE TABEL public.a ()",
            "DROP INDEX CONCURRENTLY IF EXISTS i",
            "CREATE TYPE mood AS ENUM ('a')",
            "CREATE DOMAIN d AS public.mood",
            "SELECT set_config('search_path', '', false)",
            "SET search_path = ''",
            "SET LOCAL lock_timeout = 1",
            "DO $$ BEGIN CREATE TABLE a (); END $$",
            "COMMENT ON TABLE a IS 'DROP TABLE public.users'",
            "ALTER TABLE a OWNER TO app; ALTER TABLE a ATTACH PARTITION b FOR VALUES IN (1)",
            "CREATE AGGREGATE total(int) (SFUNC = public.f, STYPE = int)",
            "CREATE TABLE a AS SELECT 1 FROM public.users",
            "SELECT 1 FROM public.users",
            "CREATE STATISTICS s ON a, b FROM orders",
        ] {
            assert_found(sql, &[]);
        }
    }
}
