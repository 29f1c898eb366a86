//! Settings on which copying rows relies, and which a role, a database or a pooler may have changed.

/// The settings of `pg_dump`: rows are read completely or not at all, and values survive the conversion to text.
pub(crate) const WITHIN_SESSION: &str = "SET LOCAL row_security = off; SET LOCAL check_function_bodies = off; \
    SET LOCAL synchronize_seqscans = off; SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL extra_float_digits = 3; SET LOCAL array_nulls = on";

/// The same for copying from one session to another. In addition, a slow reader or writer does not end the session.
pub(crate) fn between_sessions() -> String {
    format!(
        "SET LOCAL search_path = ''; SET LOCAL client_encoding = 'UTF8'; \
         SET LOCAL standard_conforming_strings = on; {WITHIN_SESSION}; \
         SET LOCAL quote_all_identifiers = off; SET LOCAL transform_null_equals = off; SET LOCAL xmloption = content; \
         SET LOCAL lc_monetary = 'C'; SET LOCAL statement_timeout = 0; \
         SET LOCAL idle_in_transaction_session_timeout = 0; \
         SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'"
    )
}
