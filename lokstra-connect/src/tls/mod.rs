//! Whether a connection is encrypted, and whom it trusts: `sslmode` and its certificates as libpq
//! defines them. PostgreSQL documentation: *32.19. SSL Support*.

#[cfg(feature = "rustls")]
mod certificates;
#[cfg(feature = "rustls")]
mod channel_binding;
#[cfg(feature = "rustls")]
mod stream;
#[cfg(feature = "rustls")]
mod verifier;

use postgres::config::{SslMode, SslNegotiation};
use postgres::{CancelToken, Client, Config, NoTls};

use crate::dsn::{Dsn, DsnError, Environment, Keyword};
use lokstra_core::text::to_string;

/// `sslmode`, of which the client has three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    const ALL: [Mode; 6] =
        [Mode::Disable, Mode::Allow, Mode::Prefer, Mode::Require, Mode::VerifyCa, Mode::VerifyFull];

    fn name(self) -> &'static str {
        match self {
            Mode::Disable => "disable",
            Mode::Allow => "allow",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        }
    }

    /// `prefer` where nothing is said; with the roots of the operating system, which vouch for
    /// every host there is, only `verify-full` means anything.
    fn of(dsn: &Dsn) -> Result<Mode, DsnError> {
        let trusts_system = dsn.get(Keyword::SslRootCert) == Some(SYSTEM);
        let mode = match dsn.get(Keyword::SslMode) {
            None if trusts_system => Mode::VerifyFull,
            None => Mode::Prefer,
            Some(name) => {
                Mode::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
                    Keyword::SslMode.expects(
                        "one of disable, allow, prefer, require, verify-ca and verify-full",
                    )
                })?
            }
        };
        if trusts_system && !matches!(mode, Mode::VerifyFull | Mode::Disable) {
            return Err(Keyword::SslMode.expects("verify-full, as `sslrootcert=system` requires"));
        }
        // A second try without TLS would not be what was asked for.
        if dsn.get(Keyword::SslNegotiation) == Some("direct") && !mode.requires_tls() {
            return Err(Keyword::SslMode
                .expects("require or stronger, as `sslnegotiation=direct` requires"));
        }
        Ok(mode)
    }

    fn requires_tls(self) -> bool {
        matches!(self, Mode::Require | Mode::VerifyCa | Mode::VerifyFull)
    }
}

/// `sslrootcert=system`: what the operating system trusts.
const SYSTEM: &str = "system";

/// How to encrypt the connections to one host.
#[derive(Clone)]
pub struct Tls {
    mode: Mode,
    /// `None`: this connection, or this build, has no TLS.
    maker: Option<MakeTls>,
}

#[cfg(feature = "rustls")]
type MakeTls = stream::MakeTls;
#[cfg(not(feature = "rustls"))]
type MakeTls = NoTls;

impl Tls {
    /// Turns TLS off, for a local socket.
    pub fn off() -> Tls {
        Tls { mode: Mode::Disable, maker: None }
    }

    /// As a connection string says; reads the files of its certificates.
    pub(crate) fn from_dsn(dsn: &Dsn, environment: Environment<'_>) -> Result<Tls, DsnError> {
        let mode = Mode::of(dsn)?;
        Tls::build(mode, dsn, environment)
    }

    /// As a configuration of the client says, which knows no certificates.
    pub(crate) fn from_config(config: &Config) -> Result<Tls, DsnError> {
        let mode = match config.get_ssl_mode() {
            SslMode::Disable => Mode::Disable,
            SslMode::Prefer if config.get_ssl_negotiation() == SslNegotiation::Postgres => {
                Mode::Prefer
            }
            _ => Mode::Require,
        };
        Tls::build(mode, &Dsn::default(), &|_| None)
    }

    #[cfg(feature = "rustls")]
    fn build(mode: Mode, dsn: &Dsn, environment: Environment<'_>) -> Result<Tls, DsnError> {
        if mode == Mode::Disable {
            return Ok(Tls::off());
        }
        let maker = stream::MakeTls::new(certificates::client_config(mode, dsn, environment)?);
        Ok(Tls { mode, maker: Some(maker) })
    }

    #[cfg(not(feature = "rustls"))]
    fn build(mode: Mode, _: &Dsn, _: Environment<'_>) -> Result<Tls, DsnError> {
        if mode.requires_tls() {
            return Err(DsnError::NoTls { mode: mode.name() });
        }
        Ok(Tls { mode, maker: None })
    }

    /// Opens a connection, with the second try that `allow` and `prefer` are named for.
    pub(crate) fn connect(&self, config: &Config) -> Result<Client, postgres::Error> {
        let (first, second) = match self.mode {
            Mode::Disable => (SslMode::Disable, None),
            Mode::Allow => (SslMode::Disable, Some(SslMode::Require)),
            Mode::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (SslMode::Require, None),
        };
        let error = match self.open(config, first) {
            Err(error) if is_about_encryption(&error) && self.maker.is_some() => error,
            done => return done,
        };
        let Some(second) = second else { return Err(error) };
        // What failed with TLS says more than what failed without.
        self.open(config, second).map_err(|last| match self.mode {
            Mode::Allow if !is_tls(&last) => last,
            _ => error,
        })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.maker.is_some()
    }

    /// Sends a request to cancel, encrypted if the connection that it is about is.
    pub(crate) fn cancel(&self, token: &CancelToken) -> Result<(), postgres::Error> {
        match &self.maker {
            #[cfg_attr(
                not(feature = "rustls"),
                expect(clippy::clone_on_copy, reason = "with the feature it is not")
            )]
            Some(maker) => token.cancel_query(maker.clone()),
            None => token.cancel_query(NoTls),
        }
    }

    #[cfg_attr(
        not(feature = "rustls"),
        expect(clippy::clone_on_copy, reason = "with the feature it is not")
    )]
    fn open(&self, config: &Config, mode: SslMode) -> Result<Client, postgres::Error> {
        let mut config = config.clone();
        config.ssl_mode(mode);
        match &self.maker {
            Some(maker) => config.connect(maker.clone()),
            None => config.connect(NoTls),
        }
    }
}

/// A handshake that failed, or a server whose `pg_hba.conf` wants it the other way (28000). Not a
/// wrong password, which would be wrong again.
fn is_about_encryption(error: &postgres::Error) -> bool {
    is_tls(error) || error.code().is_some_and(|code| code.code() == "28000")
}

/// The client has no other name for it.
pub(crate) fn is_tls(error: &postgres::Error) -> bool {
    to_string(error).starts_with("error performing TLS handshake")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(text: &str) -> Result<Mode, DsnError> {
        Mode::of(&Dsn::parse(text).unwrap())
    }

    #[test]
    fn the_mode_is_prefer_unless_something_is_said() {
        assert_eq!(mode("host=db"), Ok(Mode::Prefer));
        assert_eq!(mode("host=db sslrootcert=ca.pem"), Ok(Mode::Prefer));
        assert_eq!(mode("host=db sslrootcert=system"), Ok(Mode::VerifyFull));
        assert_eq!(mode("host=db sslmode=verify-ca"), Ok(Mode::VerifyCa));
    }

    #[test]
    fn a_mode_that_is_none_is_reported() {
        insta::assert_snapshot!(mode("sslmode=full").unwrap_err().to_string().lines().next().unwrap(), @"the connection string cannot be used: `sslmode` is not one of disable, allow, prefer, require, verify-ca and verify-full");
        insta::assert_snapshot!(mode("sslmode=require sslrootcert=system").unwrap_err().to_string().lines().next().unwrap(), @"the connection string cannot be used: `sslmode` is not verify-full, as `sslrootcert=system` requires");
        insta::assert_snapshot!(mode("sslnegotiation=direct").unwrap_err().to_string().lines().next().unwrap(), @"the connection string cannot be used: `sslmode` is not require or stronger, as `sslnegotiation=direct` requires");
    }

    #[cfg(not(feature = "rustls"))]
    #[test]
    fn without_the_feature_a_demand_for_tls_names_it() {
        let error =
            Tls::from_dsn(&Dsn::parse("sslmode=require").unwrap(), &|_| None).err().unwrap();
        insta::assert_snapshot!(error, @r#"
        the connection string cannot be used: `sslmode=require` requires TLS, which this build does not have
          help: add the feature: `lokstra = { version = "0.1.0", features = ["rustls"] }`
        "#);
    }
}
