//! Each test is one way to leak.

mod by_code;
mod by_sql;
