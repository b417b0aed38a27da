//! An error of the client as one text.

use lokstra_core::text::to_string;

use crate::client::client_gave_up;
use crate::server_error::ServerError;

/// Returns an error of the client with its causes, exactly: its own `Display` hides them.
pub fn chain(error: &postgres::Error) -> String {
    if let Some(server) = error.as_db_error() {
        return format!("{:#}", ServerError::new(server));
    }
    if client_gave_up(error) {
        return "the run was asked to stop, and the server did not respond".to_owned();
    }
    let mut text = to_string(&error);
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&to_string(&error));
        cause = error.source();
    }
    text
}
