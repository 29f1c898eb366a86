//! What one framework has, and the others haven't.

mod actix;
mod axum;
mod rocket;
