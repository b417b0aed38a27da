//! The request to cancel what a connection is running.

use std::time::{Duration, Instant};

use postgres::CancelToken;

use crate::blocking::run_until;
use crate::tls::Tls;

/// How long a request to cancel may take.
const LONGEST_CANCEL: Duration = Duration::from_secs(2);

/// Does not wait for a server that accepts the connection and is frozen in the TLS handshake.
pub(super) fn cancel(token: &CancelToken, tls: Tls) -> Result<(), postgres::Error> {
    let (token, started) = (token.clone(), Instant::now());
    let mut is_over = || started.elapsed() > LONGEST_CANCEL;
    run_until(&mut is_over, move || tls.cancel(&token)).unwrap_or(Ok(()))
}
