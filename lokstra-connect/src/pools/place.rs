//! Where a pool leads: whether to this machine, and as a URL for other programs.

use std::fmt::Write;
use std::net::IpAddr;

use postgres::config::Host;

use super::pool::{Pool, Target};
use crate::dsn::{self, Keyword};
use crate::error::ConnectError;

/// What stands in the other parts of a URL, or is of use to lokstra alone.
const ELSEWHERE: [Keyword; 8] = [
    Keyword::ApplicationName,
    Keyword::Dbname,
    Keyword::Host,
    Keyword::Passfile,
    Keyword::Password,
    Keyword::Port,
    Keyword::Service,
    Keyword::User,
];

impl Pool {
    /// Reports whether each of its hosts is this machine: a Unix socket, `localhost` or a loopback address. A
    /// tunnel that begins here is not recognised. `false` if the definition is wrong.
    pub fn is_on_this_machine(&self) -> bool {
        let is_here = |config: &postgres::Config| match config.get_hostaddrs() {
            [] => config.get_hosts().iter().all(|host| match host {
                Host::Tcp(name) => is_loopback(name),
                #[cfg(unix)]
                Host::Unix(_) => true,
            }),
            addresses => addresses.iter().all(|address| address.to_canonical().is_loopback()),
        };
        self.connector().is_ok_and(|connector| connector.configs().all(is_here))
    }

    /// Writes where it leads as one URL for other programs, with what the environment and the files of libpq
    /// add.
    ///
    /// # Errors
    ///
    /// If the definition is wrong.
    pub fn url(&self, with_password: bool) -> Result<String, ConnectError> {
        let connector = self.connector()?;
        let Some((first, at)) = connector.configs().next().zip(connector.connection()) else {
            return Err(ConnectError::EmptyResponse);
        };
        let mut url = format!("postgres://{}", encoded(&at.user));
        if with_password && let Some(password) = first.get_password() {
            write!(url, ":{}", encoded(&String::from_utf8_lossy(password))).ok();
        }
        url.push('@');
        let mut parameters = Vec::new();
        let (mut hosts, mut socket_ports) = (Vec::new(), Vec::new());
        for config in connector.configs() {
            let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
            match config.get_hosts().first() {
                Some(Host::Tcp(name)) if name.contains(':') => {
                    hosts.push(format!("[{name}]:{port}"));
                }
                Some(Host::Tcp(name)) => hosts.push(format!("{name}:{port}")),
                #[cfg(unix)]
                Some(Host::Unix(path)) => {
                    parameters.push(("host", path.display().to_string()));
                    socket_ports.push(port);
                }
                None => {}
            }
        }
        parameters.extend(socket_ports.into_iter().map(|port| ("port", port)));
        if let Target::Dsn(Ok(dsn)) = &self.target {
            let dsn = dsn.clone().with_defaults(&dsn::process)?;
            let others = Keyword::all().filter(|it| !ELSEWHERE.contains(it));
            parameters.extend(
                others.filter_map(|it| dsn.get(it).map(|value| (it.name(), value.to_owned()))),
            );
        }
        write!(url, "{}/{}", hosts.join(","), encoded(&at.database)).ok();
        for (nth, (name, value)) in parameters.iter().enumerate() {
            let mark = if nth == 0 { '?' } else { '&' };
            write!(url, "{mark}{name}={}", encoded(value)).ok();
        }
        Ok(url)
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Percent-encoded, except what is clear in every part of a URL.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").ok();
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_and_a_loopback_address_are_this_machine() {
        for (url, is_here) in [
            ("postgres:///d?host=/tmp", true),
            ("postgres://%2Frun%2Fpg/d", true),
            ("postgres://LocalHost/d", true),
            ("postgres://127.1.2.3/d", true),
            ("postgres://[::1]/d", true),
            ("postgres://[::ffff:127.0.0.1]/d", true),
            ("postgres://localhost,127.0.0.1/d", true),
            ("postgres://localhost,db/d", false),
            ("host=localhost hostaddr=10.0.0.1 dbname=d", false),
            ("postgres://localhost.example.com/d", false),
            ("postgres://db/d", false),
            ("postgres://10.0.0.1/d", false),
            ("postgres://h/d?sslmode=nonsense", false),
        ] {
            assert_eq!(Pool::from_url(url).is_on_this_machine(), is_here, "{url}");
        }
    }

    #[test]
    fn a_url_of_a_pool_leads_to_the_same_place() {
        for (given, expected) in [
            ("postgres://u:p%40%2F@h/d", "postgres://u:p%40%2F@h:5432/d"),
            ("host=h,i port=1,2 user='a b' dbname='x/ü'", "postgres://a%20b@h:1,i:2/x%2F%C3%BC"),
            ("postgres://u@[::1]:7/d?sslmode=disable", "postgres://u@[::1]:7/d?sslmode=disable"),
            ("user=u host=/tmp port=9 dbname=d", "postgres://u@/d?host=%2Ftmp&port=9"),
        ] {
            let url = Pool::from_url(given).url(true).unwrap();
            assert_eq!(url, expected, "{given}");
            let again = Pool::from_url(&url);
            assert_eq!(again.connection(), Pool::from_url(given).connection(), "{given}");
        }
    }

    #[test]
    fn a_url_has_the_password_only_if_it_is_asked_for() {
        let pool = Pool::from_url("postgres://u:secret@h/d");
        assert_eq!(pool.url(false).unwrap(), "postgres://u@h:5432/d");
    }
}
