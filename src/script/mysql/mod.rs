//! Scripts in tenants that are databases of MySQL or MariaDB.

mod answer;
mod request;
mod run;
mod text;
