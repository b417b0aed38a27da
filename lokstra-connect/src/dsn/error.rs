//! What can be wrong with a connection string.

use std::fmt;
use std::path::{Path, PathBuf};

use lokstra_core::{one_line, write_text};

use super::Keyword;

/// Why a connection string cannot be used. No part of it that can be of a password, which is anywhere
/// in a string that is written wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DsnError {
    /// It is neither a URL nor a `key=value` string.
    Syntax,
    /// A keyword that libpq does not have either.
    UnknownKeyword {
        /// The keyword, where it can be no part of a password.
        name: Option<String>,
    },
    /// A keyword of libpq that asks for something that this client cannot do.
    Unsupported {
        /// The keyword.
        keyword: &'static str,
    },
    /// A value that the keyword cannot have.
    Value {
        /// The keyword.
        keyword: &'static str,
        /// What it can be.
        expected: &'static str,
    },
    /// A variable of the environment that is not UTF-8.
    NotUtf8 {
        /// The variable.
        variable: String,
    },
    /// A service that the service file does not define.
    Service {
        /// The file.
        path: PathBuf,
    },
    /// TLS is demanded and this build has none.
    NoTls {
        /// The `sslmode` that requires it.
        mode: &'static str,
    },
    /// `verify-ca` or `verify-full` and no certificate to verify with.
    NoRootCertificate {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A certificate or key that cannot be used.
    Certificate {
        /// The keyword that names it.
        keyword: &'static str,
        /// The file; `system` for the store of the operating system.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// The name of a file, for a message.
pub(crate) fn file(f: &fmt::Formatter<'_>, path: &Path) -> String {
    one_line(f, &path.display().to_string())
}

/// Before each of the reasons.
const PREFIX: &str = "the connection string cannot be used: ";

impl DsnError {
    /// Without the connection string, where there is none.
    #[cfg(feature = "config")]
    pub(crate) fn reason(&self, f: &fmt::Formatter<'_>) -> String {
        let text = if f.alternate() { format!("{self:#}") } else { self.to_string() };
        text.strip_prefix(PREFIX).map(str::to_owned).unwrap_or(text)
    }

    /// The keyword whose value it is about.
    #[cfg(feature = "config")]
    pub(crate) fn keyword(&self) -> Option<&'static str> {
        match self {
            DsnError::Unsupported { keyword }
            | DsnError::Value { keyword, .. }
            | DsnError::Certificate { keyword, .. } => Some(keyword),
            DsnError::NoTls { .. } | DsnError::NoRootCertificate { .. } => Some("sslmode"),
            _ => None,
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for DsnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl DsnError {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHAPE: &str = "it looks like postgres://user:password@host:5432/database, where `@`, \
             `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like \
             host=… dbname=… password='…'";
        f.write_str(PREFIX)?;
        match self {
            DsnError::Syntax => {
                write!(f, "it is neither a URL nor a list of key=value\n  help: {SHAPE}")
            }
            DsnError::UnknownKeyword { name: Some(name) } => {
                write!(f, "PostgreSQL does not know its keyword `{}`", one_line(f, name))?;
                match Keyword::nearest(name) {
                    Some((keyword, true)) => write!(f, "\n  help: did you mean `{keyword}`?"),
                    Some((keyword, false)) => write!(
                        f,
                        "\n  help: remove it; if you meant `{keyword}`, it is not supported"
                    ),
                    // As sqlx has it.
                    None if name.starts_with("options[") => {
                        let setting = name["options[".len()..].trim_end_matches(']');
                        write!(
                            f,
                            "\n  help: write `options=-c {setting}=…`, in a URL \
                             `options=-c%20{setting}%3D…`"
                        )
                    }
                    None if matches!(name.as_str(), "schema" | "currentSchema" | "search_path") => {
                        f.write_str(
                            "\n  help: write `options=-c search_path=…`, in a URL \
                             `options=-c%20search_path%3D…`",
                        )
                    }
                    None => write!(f, "\n  help: {SHAPE}"),
                }
            }
            DsnError::UnknownKeyword { name: None } => {
                write!(f, "it has a keyword that PostgreSQL does not know\n  help: {SHAPE}")
            }
            DsnError::Unsupported { keyword } => write!(
                f,
                "`{keyword}` is not supported here\n  help: remove it, or connect a client yourself \
                 and pass it: `MIGRATIONS.up(&mut client)`"
            ),
            DsnError::Value { keyword, expected } => write!(f, "`{keyword}` is not {expected}"),
            DsnError::NotUtf8 { variable } => write!(
                f,
                "the environment variable {} is not UTF-8\n  \
                 help: set it to the same text in UTF-8",
                one_line(f, variable)
            ),
            DsnError::Service { path } => {
                write!(f, "its `service` is not defined in {}", file(f, path))
            }
            DsnError::NoTls { mode } => write!(
                f,
                "`sslmode={mode}` requires TLS, which this build does not have\n  help: add the \
                 feature: `lokstra = {{ version = \"{}\", features = [\"rustls\"] }}`",
                env!("CARGO_PKG_VERSION")
            ),
            DsnError::NoRootCertificate { path } => write!(
                f,
                "there is no root certificate to verify the server with: {} does not exist\n  \
                 help: name it with `sslrootcert`, or trust those of the operating system with \
                 `sslrootcert=system`",
                file(f, path)
            ),
            DsnError::Certificate { keyword, path, reason } => {
                write!(f, "`{keyword}`, {}: {reason}", file(f, path))
            }
        }
    }
}

impl std::error::Error for DsnError {}
