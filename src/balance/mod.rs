//! Plans which tenants to move between a pool's databases, so that each database holds about as many bytes as the
//! others.
//!
//! ```no_run
//! # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let plan = pool.all_databases().balance().tolerance(0.1).at_most(20).await?;
//! for step in &plan.moves {
//!     println!("{}: {} bytes, {} rows, to {}", step.tenant, step.bytes, step.rows, step.to);
//!     pool.move_tenant(step.tenant.as_str(), step.to.clone())
//!         .only_from(step.from.clone())
//!         .unless_suspended()
//!         .await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A plan only reads. A [move](crate::TenantPool::move_tenant) is what changes something, and each move of a plan can be
//! made without the others. Moves take time: [`only_from`](crate::transfer::MoveRequest::only_from) and
//! [`unless_suspended`](crate::transfer::MoveRequest::unless_suspended) leave a tenant alone that is no longer as the
//! plan found it.

mod balance_error;
mod balance_request;
mod even_out;
mod measure;
mod plan;

pub use balance_error::BalanceError;
pub use balance_request::BalanceRequest;
pub use plan::{BalancePlan, DatabaseLoad, PlannedMove, StayReason, StayingTenant};
