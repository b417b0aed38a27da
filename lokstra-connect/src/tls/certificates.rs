//! The certificates that a connection string names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lokstra_core::files;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::verifier::{Roots, Verifier};
use super::{Mode, SYSTEM};
use crate::dsn::{Dsn, DsnError, Environment, Keyword, home};

/// Reads the certificates that a connection string names, or those in `~/.postgresql`.
pub(super) fn client_config(
    mode: Mode,
    dsn: &Dsn,
    environment: Environment<'_>,
) -> Result<ClientConfig, DsnError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        roots: roots(mode, dsn, environment)?,
        checks_name: mode == Mode::VerifyFull,
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable(Keyword::SslMode, Path::new("TLS")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity(dsn, environment)? {
        None => builder.with_no_client_auth(),
        Some(Identity { chain, key, path }) => {
            builder.with_client_auth_cert(chain, key).map_err(unusable(Keyword::SslCert, &path))?
        }
    };
    // What libpq 17 sends, and `sslnegotiation=direct` requires.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

fn unusable<E: ToString>(keyword: Keyword, path: &Path) -> impl Fn(E) -> DsnError {
    let (keyword, path) = (keyword.name(), path.to_owned());
    move |error| DsnError::Certificate { keyword, path: path.clone(), reason: error.to_string() }
}

/// `~/.postgresql/<name>`
fn in_home(name: &str, environment: Environment<'_>) -> PathBuf {
    home(environment).unwrap_or_default().join(".postgresql").join(name)
}

/// `None`: the server is not verified, as in `require` where there is no root certificate.
fn roots(mode: Mode, dsn: &Dsn, environment: Environment<'_>) -> Result<Option<Roots>, DsnError> {
    let path = match dsn.get(Keyword::SslRootCert) {
        Some(SYSTEM) => return system_roots().map(Some),
        Some(path) => PathBuf::from(path),
        None => in_home("root.crt", environment),
    };
    let is_named = dsn.get(Keyword::SslRootCert).is_some();
    if !path.exists() && !is_named {
        return match mode {
            Mode::VerifyCa | Mode::VerifyFull => Err(DsnError::NoRootCertificate { path }),
            _ => Ok(None),
        };
    }
    let certificates = read_certificates(Keyword::SslRootCert, &path)?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(unusable(Keyword::SslRootCert, &path))?;
    }
    Ok(Some(Roots { store, certificates }))
}

fn system_roots() -> Result<Roots, DsnError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let reason = found.errors.first().map_or_else(
            || "the operating system has no store of certificates".to_owned(),
            ToString::to_string,
        );
        return Err(unusable(Keyword::SslRootCert, Path::new(SYSTEM))(reason));
    }
    Ok(Roots { store, certificates: Vec::new() })
}

fn read_certificates(
    keyword: Keyword,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, DsnError> {
    let unusable = unusable(keyword, path);
    let text =
        files::read(path, files::MAX_SCRIPT_BYTES).map_err(|error| unusable(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable("there is no certificate in it".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(error.to_string())),
    }
}

struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    path: PathBuf,
}

/// The certificate of the client, if it has one.
fn identity(dsn: &Dsn, environment: Environment<'_>) -> Result<Option<Identity>, DsnError> {
    let path = match dsn.get(Keyword::SslCert) {
        Some(path) => PathBuf::from(path),
        None => match in_home("postgresql.crt", environment) {
            path if path.exists() => path,
            _ => return Ok(None),
        },
    };
    let key_path = match dsn.get(Keyword::SslKey) {
        Some(path) => PathBuf::from(path),
        None => in_home("postgresql.key", environment),
    };
    let chain = read_certificates(Keyword::SslCert, &path)?;
    let unusable = unusable(Keyword::SslKey, &key_path);
    let text = files::read(&key_path, files::MAX_SCRIPT_BYTES)
        .map_err(|error| unusable(error.to_string()))?;
    if is_open_to_others(&key_path) {
        let reason = "others may read it, so it is not used: chmod 600 it";
        return Err(unusable(reason.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
        unusable("it is not a private key in PEM format without a passphrase".to_owned())
    })?;
    Ok(Some(Identity { chain, key, path }))
}

/// As libpq has it: a key of root may be read by its group.
#[cfg(unix)]
fn is_open_to_others(key: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(key).is_ok_and(|key| {
        let allowed = if key.uid() == 0 { 0o040 } else { 0 };
        key.mode() & 0o077 & !allowed != 0
    })
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
