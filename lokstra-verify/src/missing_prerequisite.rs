//! What a script needs that a server may lack: then the server cannot judge it.

use lokstra_runtime::Error;

/// What the server lacks, and what to do, if that may be why the script failed.
pub(crate) fn lacks(error: &Error) -> Option<&'static str> {
    let server = &error.failure()?.server;
    let (state, message) = (server.sqlstate.as_str(), server.message.as_str());
    // The messages of a server in another language have the same words in quotes and paths.
    let is_extension = message.contains("extension") || message.contains(".control");
    Some(match state {
        "0A000" | "58P01" if is_extension => {
            "this server does not have the extension; install it there, or verify on a server that has \
             it: -db URL"
        }
        "58P01" => "this server does not have the file; verify on a server that has it: -db URL",
        "42704" if message.contains("role") => {
            "this server does not have the role; create it in a migration, or verify on a server that \
             has it: -db URL"
        }
        "42704" if message.contains("tablespace") => {
            "this server does not have the tablespace; verify on a server that has it: -db URL"
        }
        "3D000" => {
            "this server does not have the database; use current_database() in a DO block instead of its \
             name"
        }
        "42501" => {
            "the role of the verification lacks a privilege; verify on a throw-away server, where it is \
             superuser, or on a server with another role: -db URL"
        }
        "42P01" | "3F000" => {
            "no migration before it creates this, which is its mistake unless another program does"
        }
        _ => return None,
    })
}
