//! A small service: users in PostgreSQL behind an HTTP interface of axum.

mod boot;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use deadpool_postgres::{Manager, Pool};
use lokstra::{Migrations, embed_migrations};
use tokio_postgres::NoTls;

pub use boot::serve;

/// The migrations that this program carries.
pub static MIGRATIONS: Migrations = embed_migrations!("migrations");

/// Whether requests can be served: after the migrations, until the shutdown.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Sets what `/readyz` answers.
    pub fn set(&self, is_ready: bool) {
        self.0.store(is_ready, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What handlers share.
#[derive(Clone)]
struct Shared {
    pool: Pool,
    readiness: Readiness,
}

/// Creates the pool of the queries; it connects when the first query needs it.
///
/// # Errors
///
/// If the URL is none.
pub fn pool(url: &str) -> Result<Pool, Box<dyn std::error::Error>> {
    Ok(Pool::builder(Manager::new(url.parse()?, NoTls)).max_size(8).build()?)
}

/// The routes of the service.
pub fn app(pool: Pool, readiness: Readiness) -> Router {
    Router::new()
        .route("/users", get(users::list).post(users::create))
        // The process is alive, also while it migrates: an orchestrator must not kill it then.
        .route("/healthz", get(|| async { "alive" }))
        .route("/readyz", get(ready))
        .with_state(Shared { pool, readiness })
}

async fn ready(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.readiness.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}
