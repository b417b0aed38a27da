//! The way to one host, ready to be taken.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Config;
use postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslNegotiation, TargetSessionAttrs,
};

use crate::backoff::entropy;
use crate::dsn::{Dsn, DsnError, Environment, Keyword, Login, PasswordFile};
use crate::target::host;
use crate::tls::Tls;

/// Where PostgreSQL puts its socket: Debian and Red Hat, and as it is built from source.
const SOCKET_DIRS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

const DEFAULT_PORT: &str = "5432";

/// How to reach one of the hosts of a connection string.
#[derive(Clone)]
pub(crate) struct HostConfig {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    /// Host, port and database, for messages.
    pub(crate) target: String,
    /// Where the password came from, for messages.
    pub(crate) password_from: Option<PasswordFrom>,
}

/// Where a password came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordFrom {
    /// The connection string.
    ConnectionString,
    /// `PGPASSWORD`.
    Environment,
    /// The connection service file.
    ServiceFile,
    /// `~/.pgpass`, or the file that `passfile` or `PGPASSFILE` names.
    PasswordFile,
    /// A configuration of the client that the program made.
    Config,
}

impl fmt::Display for PasswordFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PasswordFrom::ConnectionString => "the connection string",
            PasswordFrom::Environment => "PGPASSWORD",
            PasswordFrom::ServiceFile => "the connection service file",
            PasswordFrom::PasswordFile => "the password file (`passfile`, ~/.pgpass)",
            PasswordFrom::Config => "the program's own configuration",
        })
    }
}

/// The ways that a connection string gives, in the order in which to try them.
pub(crate) struct Hosts {
    pub(crate) all: Vec<HostConfig>,
    /// The file of passwords, if it was needed and is not used because others may read it.
    pub(crate) open_password_file: Option<PathBuf>,
    /// Keywords of the connection string that mean nothing to a server.
    pub(crate) of_drivers: Vec<String>,
}

impl Hosts {
    pub(crate) fn from_dsn(dsn: Dsn, environment: Environment<'_>) -> Result<Hosts, DsnError> {
        let is_given = dsn.get(Keyword::Password).is_some();
        let dsn = dsn.with_defaults(environment)?;
        Hosts::of(&dsn, is_given, environment)
    }

    fn of(dsn: &Dsn, is_given: bool, environment: Environment<'_>) -> Result<Hosts, DsnError> {
        let password_from = dsn.get(Keyword::Password).map(|password| {
            if is_given {
                PasswordFrom::ConnectionString
            } else if environment(Keyword::Password.variable()).is_some_and(|it| it == password) {
                PasswordFrom::Environment
            } else {
                PasswordFrom::ServiceFile
            }
        });
        let (hosts, addresses) = (dsn.list(Keyword::Host), dsn.list(Keyword::Hostaddr));
        let count = hosts.len().max(addresses.len()).max(1);
        if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
            return Err(Keyword::Hostaddr.expects("one address for each host"));
        }
        let ports = dsn.list(Keyword::Port);
        if ports.len() > 1 && ports.len() != count {
            return Err(Keyword::Port.expects("one port, or one for each host"));
        }
        let shared = shared(dsn)?;
        let mut passwords = Passwords { dsn, environment, file: None };
        let tls = OnDemand { dsn, environment, made: None };
        let mut builder = Builder { shared, tls, passwords: &mut passwords, password_from };
        let mut all = Vec::with_capacity(count);
        let first = match dsn.get(Keyword::LoadBalanceHosts) {
            None | Some("disable") => 0,
            Some("random") => usize::try_from(entropy() % count as u64).unwrap_or_default(),
            Some(_) => return Err(Keyword::LoadBalanceHosts.expects("disable or random")),
        };
        for nth in 0..count {
            let nth = (first + nth) % count;
            let port = ports.get(nth).or(ports.first()).filter(|port| !port.is_empty());
            let port = port.copied().unwrap_or(DEFAULT_PORT);
            let (host, address) = (hosts.get(nth).copied(), addresses.get(nth).copied());
            all.push(builder.host(host.unwrap_or_default(), address.unwrap_or_default(), port)?);
        }
        let open_password_file = match passwords.file {
            Some(PasswordFile::TooOpen(path)) => Some(path),
            _ => None,
        };
        let of_drivers = dsn.of_drivers().to_vec();
        Ok(Hosts { all, open_password_file, of_drivers })
    }

    /// A configuration of the client is taken as it is: neither the environment nor the file of
    /// passwords adds to it.
    pub(crate) fn from_config(mut config: Config) -> Result<Hosts, DsnError> {
        let is_socket = |host: &Host| !matches!(host, Host::Tcp(_));
        let hosts = config.get_hosts();
        let tls = if !hosts.is_empty() && hosts.iter().all(is_socket) {
            Tls::off()
        } else {
            Tls::from_config(&config)?
        };
        let target = target(&config);
        finish(&mut config);
        let password_from = config.get_password().map(|_| PasswordFrom::Config);
        let all = vec![HostConfig { config, tls, target, password_from }];
        Ok(Hosts { all, open_password_file: None, of_drivers: Vec::new() })
    }
}

/// The TLS of all hosts that need one: its files are read once.
struct OnDemand<'a> {
    dsn: &'a Dsn,
    environment: Environment<'a>,
    made: Option<Tls>,
}

impl OnDemand<'_> {
    fn get(&mut self) -> Result<Tls, DsnError> {
        if let Some(tls) = &self.made {
            return Ok(tls.clone());
        }
        let tls = Tls::from_dsn(self.dsn, self.environment)?;
        Ok(self.made.insert(tls).clone())
    }
}

/// The file of passwords, read when the first host needs it.
struct Passwords<'a> {
    dsn: &'a Dsn,
    environment: Environment<'a>,
    file: Option<PasswordFile>,
}

impl Passwords<'_> {
    fn find(&mut self, host: &str, port: &str) -> Option<String> {
        let file = self.file.get_or_insert_with(|| self.dsn.password_file(self.environment));
        let user = match self.dsn.get(Keyword::User) {
            Some(user) => user.to_owned(),
            // As the client does.
            None => whoami::username().ok()?,
        };
        let database = self.dsn.get(Keyword::Dbname).unwrap_or(&user);
        let host = if SOCKET_DIRS.contains(&host) { "localhost" } else { host };
        file.find(Login { host, port, database, user: &user })
    }
}

struct Builder<'b, 'd> {
    shared: Config,
    tls: OnDemand<'d>,
    passwords: &'b mut Passwords<'d>,
    password_from: Option<PasswordFrom>,
}

impl Builder<'_, '_> {
    fn host(&mut self, host: &str, address: &str, port: &str) -> Result<HostConfig, DsnError> {
        let number = port.parse().ok().filter(|number: &u16| *number != 0);
        let number = number.ok_or_else(|| Keyword::Port.expects("a number from 1 to 65535"))?;
        let mut config = self.shared.clone();
        config.port(number);
        let default = || default_host(port).to_owned();
        // An address alone is also the name that a certificate has to be for.
        let host = match (host, address) {
            ("", "") => default(),
            ("", address) => address.to_owned(),
            (host, _) => host.to_owned(),
        };
        config.host(&host);
        if !address.is_empty() {
            let parsed = address.parse().map_err(|_| Keyword::Hostaddr.expects("an IP address"))?;
            config.hostaddr(parsed);
        }
        let tls = if is_socket(&host) { Tls::off() } else { self.tls.get()? };
        if config.get_password().is_none()
            && let Some(password) = self.passwords.find(&host, port)
        {
            config.password(password);
        }
        let found = config.get_password().is_some().then_some(PasswordFrom::PasswordFile);
        let password_from = self.password_from.or(found);
        let target = target(&config);
        Ok(HostConfig { config, tls, target, password_from })
    }
}

/// As in `host=/run/postgresql`.
fn is_socket(host: &str) -> bool {
    cfg!(unix) && host.starts_with('/')
}

/// A socket that is there, or else this machine through TCP.
fn default_host(port: &str) -> &'static str {
    let has_socket = |dir: &&str| Path::new(dir).join(format!(".s.PGSQL.{port}")).exists();
    SOCKET_DIRS.into_iter().filter(|_| cfg!(unix)).find(has_socket).unwrap_or("localhost")
}

/// What is the same for every host.
fn shared(dsn: &Dsn) -> Result<Config, DsnError> {
    let mut config = Config::new();
    if let Some(user) = dsn.get(Keyword::User) {
        config.user(user);
    }
    if let Some(password) = dsn.get(Keyword::Password) {
        config.password(password);
    }
    if let Some(database) = dsn.get(Keyword::Dbname) {
        config.dbname(database);
    }
    if let Some(options) = dsn.get(Keyword::Options) {
        config.options(options);
    }
    if let Some(name) = dsn.get(Keyword::ApplicationName) {
        config.application_name(name);
    }
    // As libpq has it, 0 and less are for ever, and 1 is too short to be meant.
    match dsn.number(Keyword::ConnectTimeout)? {
        Some(seconds @ 1..) => {
            config.connect_timeout(Duration::from_secs(seconds.max(2).unsigned_abs()));
        }
        Some(_) => {
            config.connect_timeout(FOR_EVER);
        }
        None => {}
    }
    if let Some(number) = dsn.number(Keyword::Keepalives)? {
        config.keepalives(number != 0);
    }
    if let Some(seconds @ 1..) = dsn.count(Keyword::KeepalivesIdle)? {
        config.keepalives_idle(Duration::from_secs(seconds.into()));
    }
    if let Some(seconds @ 1..) = dsn.count(Keyword::KeepalivesInterval)? {
        config.keepalives_interval(Duration::from_secs(seconds.into()));
    }
    if let Some(count @ 1..) = dsn.count(Keyword::KeepalivesCount)? {
        config.keepalives_retries(count);
    }
    if let Some(millis @ 1..) = dsn.count(Keyword::TcpUserTimeout)? {
        config.tcp_user_timeout(Duration::from_millis(millis.into()));
    }
    choices(dsn, &mut config)?;
    finish(&mut config);
    Ok(config)
}

fn choices(dsn: &Dsn, config: &mut Config) -> Result<(), DsnError> {
    config.channel_binding(match dsn.get(Keyword::ChannelBinding) {
        None | Some("prefer") => ChannelBinding::Prefer,
        Some("disable") => ChannelBinding::Disable,
        Some("require") => ChannelBinding::Require,
        Some(_) => {
            return Err(Keyword::ChannelBinding.expects("one of disable, prefer and require"));
        }
    });
    config.ssl_negotiation(match dsn.get(Keyword::SslNegotiation) {
        None | Some("postgres") => SslNegotiation::Postgres,
        Some("direct") => SslNegotiation::Direct,
        Some(_) => return Err(Keyword::SslNegotiation.expects("postgres or direct")),
    });
    config.target_session_attrs(match dsn.get(Keyword::TargetSessionAttrs) {
        None | Some("any") => TargetSessionAttrs::Any,
        // A migration writes, so for lokstra they are the same.
        Some("read-write" | "primary") => TargetSessionAttrs::ReadWrite,
        Some("read-only") => TargetSessionAttrs::ReadOnly,
        Some(_) => {
            return Err(Keyword::TargetSessionAttrs
                .expects("one of any, read-write, primary and read-only"));
        }
    });
    config.load_balance_hosts(LoadBalanceHosts::Disable);
    Ok(())
}

/// `connect_timeout=0`
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Our own defaults.
fn finish(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name(&application_name());
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(15));
    }
    // A server that is gone without a word is noticed in two minutes instead of two hours: by six
    // questions in the second one, or because what was sent is not confirmed.
    config.keepalives_idle(config.get_keepalives_idle().min(Duration::from_mins(1)));
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(Duration::from_secs(10));
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(6);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_mins(2));
    }
}

/// Says in `pg_stat_activity` who is migrating.
fn application_name() -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    let name = program.as_deref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
    match name {
        Some("lokstra") | None => "lokstra".to_owned(),
        Some(name) => format!("lokstra {name}"),
    }
}

fn target(config: &Config) -> String {
    let host = host(config);
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_dbname().or(config.get_user()) {
        Some(database) => format!("{host}:{port}/{database}"),
        None => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod malformed;
