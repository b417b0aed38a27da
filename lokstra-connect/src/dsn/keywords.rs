//! The keywords of a connection string.

use super::DsnError;

macro_rules! keywords {
    ($($name:ident $text:literal $variable:literal,)*) => {
        /// A keyword of a connection string that has an effect here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Keyword { $($name,)* }

        impl Keyword {
            const ALL: &[Keyword] = &[$(Keyword::$name,)*];

            /// As a connection string has it.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Keyword::$name => $text,)* }
            }

            /// The variable of the environment that stands in for it; empty if there is none.
            pub(crate) fn variable(self) -> &'static str {
                match self { $(Keyword::$name => $variable,)* }
            }
        }
    };
}

keywords! {
    ApplicationName "application_name" "PGAPPNAME",
    ChannelBinding "channel_binding" "PGCHANNELBINDING",
    ConnectTimeout "connect_timeout" "PGCONNECT_TIMEOUT",
    Dbname "dbname" "PGDATABASE",
    Host "host" "PGHOST",
    Hostaddr "hostaddr" "PGHOSTADDR",
    Keepalives "keepalives" "",
    KeepalivesCount "keepalives_count" "",
    KeepalivesIdle "keepalives_idle" "",
    KeepalivesInterval "keepalives_interval" "",
    LoadBalanceHosts "load_balance_hosts" "PGLOADBALANCEHOSTS",
    Options "options" "PGOPTIONS",
    Passfile "passfile" "PGPASSFILE",
    Password "password" "PGPASSWORD",
    Port "port" "PGPORT",
    Service "service" "PGSERVICE",
    SslCert "sslcert" "PGSSLCERT",
    SslKey "sslkey" "PGSSLKEY",
    SslMode "sslmode" "PGSSLMODE",
    SslNegotiation "sslnegotiation" "PGSSLNEGOTIATION",
    SslRootCert "sslrootcert" "PGSSLROOTCERT",
    TargetSessionAttrs "target_session_attrs" "PGTARGETSESSIONATTRS",
    TcpUserTimeout "tcp_user_timeout" "",
    User "user" "PGUSER",
}

/// Keywords of libpq that change nothing here. `client_encoding` is always UTF-8.
const WITHOUT_EFFECT: [&str; 8] = [
    "authtype",
    "client_encoding",
    "fallback_application_name",
    "gsslib",
    "krbsrvname",
    "replication",
    "sslcompression",
    "sslsni",
];

/// Keywords of libpq that ask for something that this client cannot do. To ignore them would be to
/// drop a check that the author relies on.
const UNSUPPORTED: [&str; 12] = [
    "gssdelegation",
    "gssencmode",
    "require_auth",
    "requirepeer",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcertmode",
    "sslcrl",
    "sslcrldir",
    "sslkeylogfile",
    "sslpassword",
];

/// Keywords of drivers, of their pools and of other migration tools, which mean nothing to a server: one
/// connection string often serves several programs. In this order: sqlx, pgx and its pool, lib/pq, Prisma,
/// `SQLAlchemy` and Active Record. Nothing that asks for a check or leads to another place.
const OF_DRIVERS: [&str; 21] = [
    "statement-cache-capacity",
    "default_query_exec_mode",
    "description_cache_capacity",
    "pool_health_check_period",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conn_lifetime_jitter",
    "pool_max_conns",
    "pool_min_conns",
    "pool_min_idle_conns",
    "statement_cache_capacity",
    "statement_cache_mode",
    "binary_parameters",
    "connection_limit",
    "pgbouncer",
    "pool_timeout",
    "socket_timeout",
    "statement_cache_size",
    "prepared_statement_cache_size",
    "pool",
    "prepared_statements",
];

/// Other spellings: of the client, whose own was documented here before libpq's, and of sqlx.
const ALIASES: [(&str, Keyword); 6] = [
    ("keepalives_retries", Keyword::KeepalivesCount),
    ("ssl-mode", Keyword::SslMode),
    ("ssl-root-cert", Keyword::SslRootCert),
    ("ssl-ca", Keyword::SslRootCert),
    ("ssl-cert", Keyword::SslCert),
    ("ssl-key", Keyword::SslKey),
];

/// What a keyword is to us.
pub(crate) enum Meaning {
    Known(Keyword),
    WithoutEffect,
    /// Of another program, which is reported.
    OfDriver,
}

impl Keyword {
    pub(crate) fn all() -> impl Iterator<Item = Keyword> {
        Keyword::ALL.iter().copied()
    }

    pub(crate) fn meaning(name: &str, value: &str) -> Result<Meaning, DsnError> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, keyword)| *keyword);
        if let Some(keyword) = Keyword::all().find(|keyword| keyword.name() == name).or(alias) {
            return Ok(Meaning::Known(keyword));
        }
        // `x-…` is golang-migrate's.
        if is_one_of(name, &OF_DRIVERS) || name.starts_with("x-") {
            return Ok(Meaning::OfDriver);
        }
        let is_off = matches!((name, value), ("gssencmode", "disable" | "prefer"));
        if is_off || value.is_empty() || is_one_of(name, &WITHOUT_EFFECT) {
            return Ok(Meaning::WithoutEffect);
        }
        match known(name, &UNSUPPORTED) {
            Some(keyword) => Err(DsnError::Unsupported { keyword }),
            None => Err(DsnError::UnknownKeyword { name: None }),
        }
    }

    /// The keyword that the author probably meant, if one is near enough, and whether it is supported.
    pub(crate) fn nearest(name: &str) -> Option<(&'static str, bool)> {
        let known = Keyword::all().map(|keyword| (keyword.name(), true));
        let all = known.chain(UNSUPPORTED.map(|keyword| (keyword, false)));
        let near = all.map(|it| (edits(name, it.0), it)).min_by_key(|(distance, _)| *distance);
        near.filter(|(distance, _)| *distance <= 2).map(|(_, it)| it)
    }

    /// The error that its value is not what it can be.
    #[cold]
    #[inline(never)]
    pub(crate) fn expects(self, expected: &'static str) -> DsnError {
        DsnError::Value { keyword: self.name(), expected }
    }
}

fn is_one_of(name: &str, names: &'static [&'static str]) -> bool {
    known(name, names).is_some()
}

/// One of these. Never inlined: the compiler would compare with each of them on its own.
#[inline(never)]
fn known(name: &str, names: &'static [&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|known| *known == name)
}

/// How many letters have to be added, left out or changed to make one of the other (Levenshtein).
pub(crate) fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (nth, letter) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], nth + 1);
        for (at, other) in to.bytes().enumerate() {
            let changed = diagonal + usize::from(letter != other);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_keyword_is_not_far() {
        for (written, meant) in [
            ("sslmod", Some(("sslmode", true))),
            ("user_name", None),
            ("databse", None),
            ("passwd", Some(("password", true))),
            ("hots", Some(("host", true))),
            ("sslcr", Some(("sslcrl", false))),
            ("", None),
        ] {
            assert_eq!(Keyword::nearest(written), meant, "{written}");
        }
    }
}
