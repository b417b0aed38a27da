//! From the first byte to the last: listen, migrate, serve, and shut down at any point of that.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use lokstra::{ErrorKind, Goal, Stop};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::{MIGRATIONS, Readiness, app, pool};

/// How long requests that are running may take after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Migrates the database and serves until SIGTERM or SIGINT.
///
/// It answers `/healthz` and `/readyz` while it migrates. The first signal lets the migration that is running
/// end, begins no other, and ends the process without having served; a second one cancels the migration.
///
/// # Errors
///
/// If the migrations fail, or the address cannot be listened on.
pub async fn serve(url: &str, address: &str) -> Result<(), Box<dyn Error>> {
    let (stop, readiness) = (Stop::new(), Readiness::default());
    let (shutdown, is_shut_down) = watch::channel(false);
    // Before anything else: from here on no signal ends the process at once.
    watch_signals(stop.clone(), readiness.clone(), shutdown.clone())?;
    let listener = TcpListener::bind(address).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let server = http(listener, app(pool(url)?, readiness.clone()), is_shut_down);
    let server = tokio::spawn(server);

    let migrator = MIGRATIONS.migrator().stop(stop.clone());
    match migrator.run_async(url, Goal::Latest).await {
        // A signal between the end of the run and here.
        Ok(_) if stop.is_asked() => {}
        Ok(report) => {
            tracing::info!("{report}");
            readiness.set(true);
        }
        // Also if the last migration was finished: the process was asked to end, not to serve.
        Err(error) if matches!(error.kind(), ErrorKind::Stopped { .. }) => {
            tracing::info!("{error}");
        }
        Err(error) => {
            // Not ready, and soon not alive: the orchestrator keeps the old version.
            shutdown.send_replace(true);
            server.await??;
            return Err(error.into());
        }
    }
    server.await??;
    tracing::info!("ended");
    Ok(())
}

/// Serves until the shutdown, and then until the requests that are running have ended, or the grace is over.
async fn http(
    listener: TcpListener,
    app: Router,
    mut is_shut_down: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut grace = is_shut_down.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        is_shut_down.wait_for(|is| *is).await.ok();
    });
    tokio::select! {
        served = async { serving.await } => served,
        () = async {
            grace.wait_for(|is| *is).await.ok();
            tokio::time::sleep(GRACE).await;
        } => Ok(()),
    }
}

/// Passes signals on for as long as the runtime lives.
fn watch_signals(
    stop: Stop,
    readiness: Readiness,
    shutdown: watch::Sender<bool>,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_asked() {
                tracing::warn!("a second signal: a running migration is cancelled");
                stop.cancel();
            } else {
                tracing::info!("shutting down");
                // In this order: no request is sent here any more once the server stops to listen.
                readiness.set(false);
                stop.finish_current();
                shutdown.send_replace(true);
            }
        }
    });
    Ok(())
}
