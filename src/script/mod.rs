//! SQL of any kind in many tenants, with answers as text: for operators who look something up, or repair it.
//!
//! Applications use typed queries, for many tenants by [`TenantPool::each_tenant`](crate::TenantPool::each_tenant).
//! Changes of tables are [migrations](crate::migrations).
//!
//! ```no_run
//! # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let mut answers = pool.run_script("DELETE FROM sessions; SELECT count(*) FROM orders").start().await?;
//! while let Some((tenant, answer)) = answers.next().await {
//!     match answer {
//!         Ok(statements) => println!("{tenant}: {} deleted, orders: {:?}", statements[0].count, statements[1].rows),
//!         Err(error) => eprintln!("{tenant}: {error}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod answers;
mod error;
#[cfg(feature = "mysql")]
mod mysql;
mod postgres;
mod request;
mod schemas;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use answer::StatementAnswer;
pub use answers::ScriptAnswers;
pub use error::{ScriptError, ScriptFailure};
pub use request::ScriptRequest;
