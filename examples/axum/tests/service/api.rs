//! Requests to the service, each test with a migrated database of its own.

use axum_service::{MIGRATIONS, Readiness, app, pool};
use lokstra::testing::TestDatabase;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http;

/// Serves a ready service over this database, and returns its address.
async fn start(db: &TestDatabase, readiness: Readiness) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let app = app(pool(db.url()).unwrap(), readiness);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ready(db: &TestDatabase) -> String {
    let readiness = Readiness::default();
    readiness.set(true);
    start(db, readiness).await
}

async fn list_what_was_created(db: TestDatabase) {
    let address = ready(&db).await;
    let user = json!({"name": "Ada", "email": "Ada@example.org"}).to_string();
    let (status, _) = http::request(&address, "POST /users", &user).await;
    assert_eq!(status, 201);
    let (status, _) = http::request(&address, "POST /users", &user.to_lowercase()).await;
    assert_eq!(status, 409);
    let (status, body) = http::request(&address, "GET /users", "").await;
    let users: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &users[0]["email"]), (200, &json!("ada@example.org")));
    assert_eq!(users.as_array().unwrap().len(), 1);
}

#[lokstra::test(MIGRATIONS)]
async fn a_user_is_listed_on_a_current_thread_runtime(db: TestDatabase) {
    list_what_was_created(db).await;
}

#[lokstra::test(MIGRATIONS)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_listed_on_a_multi_thread_runtime(db: TestDatabase) {
    list_what_was_created(db).await;
}

#[lokstra::test(MIGRATIONS)]
async fn nothing_is_served_before_the_service_is_ready(db: TestDatabase) {
    let readiness = Readiness::default();
    let address = start(&db, readiness.clone()).await;
    for (request, expected) in [("GET /healthz", 200), ("GET /readyz", 503), ("GET /users", 503)] {
        assert_eq!(http::request(&address, request, "").await.0, expected, "{request}");
    }
    readiness.set(true);
    assert_eq!(http::request(&address, "GET /readyz", "").await.0, 200);
}

#[lokstra::test(MIGRATIONS, rows = "tests/rows/users.sql")]
async fn rows_of_a_file_are_there(db: TestDatabase) {
    let (_, body) = http::request(&ready(&db).await, "GET /users", "").await;
    assert!(body.contains("grace@example.org"), "{body}");
}
