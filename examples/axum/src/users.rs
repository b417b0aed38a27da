//! `/users`: one query for each request.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use deadpool_postgres::PoolError;
use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

use crate::Shared;

#[derive(Deserialize)]
pub(crate) struct NewUser {
    name: String,
    email: String,
}

#[derive(Serialize)]
pub(crate) struct User {
    id: i64,
    name: String,
    email: String,
}

/// Creates a user.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Json(user): Json<NewUser>,
) -> Result<(StatusCode, Json<User>), StatusCode> {
    refuse_until_ready(&shared)?;
    let NewUser { name, email } = user;
    let email = email.to_lowercase();
    let sql = "INSERT INTO users (name, email) VALUES ($1, $2) RETURNING id";
    let client = shared.pool.get().await.map_err(|error| unavailable(&error))?;
    let row =
        client.query_one(sql, &[&name, &email]).await.map_err(|error| match error.code() {
            Some(code) if *code == SqlState::UNIQUE_VIOLATION => StatusCode::CONFLICT,
            _ => failed(&error),
        })?;
    Ok((StatusCode::CREATED, Json(User { id: row.get(0), name, email })))
}

/// Lists the users.
pub(crate) async fn list(State(shared): State<Shared>) -> Result<Json<Vec<User>>, StatusCode> {
    refuse_until_ready(&shared)?;
    let client = shared.pool.get().await.map_err(|error| unavailable(&error))?;
    let sql = "SELECT id, name, email FROM users ORDER BY id";
    let rows = client.query(sql, &[]).await.map_err(|error| failed(&error))?;
    let user = |row: &tokio_postgres::Row| User {
        id: row.get("id"),
        name: row.get("name"),
        email: row.get("email"),
    };
    Ok(Json(rows.iter().map(user).collect()))
}

/// Before the migrations, a table may not be there, or not as the queries expect it.
fn refuse_until_ready(shared: &Shared) -> Result<(), StatusCode> {
    if shared.readiness.is_ready() { Ok(()) } else { Err(StatusCode::SERVICE_UNAVAILABLE) }
}

fn unavailable(error: &PoolError) -> StatusCode {
    tracing::error!(%error, "no connection");
    StatusCode::SERVICE_UNAVAILABLE
}

fn failed(error: &tokio_postgres::Error) -> StatusCode {
    tracing::error!(%error, "a query failed");
    StatusCode::INTERNAL_SERVER_ERROR
}
