//! What a build checks, embeds and links.

mod compile_errors;
mod consumer;
mod embedded_text;
#[cfg(all(feature = "cli", target_os = "linux"))]
mod empty_root;
mod lint_rules;
mod malformed_input;
mod stale;
