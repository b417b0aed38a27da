use crate::dsn::DsnError;

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
/// drop a check that somebody relies on.
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

/// What a keyword is to us.
pub(crate) enum Meaning {
    Known(Keyword),
    WithoutEffect,
}

impl Keyword {
    pub(crate) fn all() -> impl Iterator<Item = Keyword> {
        Keyword::ALL.iter().copied()
    }

    pub(crate) fn meaning(name: &str, value: &str) -> Result<Meaning, DsnError> {
        // The client's own name for it, which was documented here before libpq's.
        let name = if name == "keepalives_retries" { "keepalives_count" } else { name };
        if let Some(keyword) = Keyword::all().find(|keyword| keyword.name() == name) {
            return Ok(Meaning::Known(keyword));
        }
        let is_off = matches!((name, value), ("gssencmode", "disable" | "prefer"));
        if is_off || value.is_empty() || WITHOUT_EFFECT.contains(&name) {
            return Ok(Meaning::WithoutEffect);
        }
        match UNSUPPORTED.iter().find(|keyword| **keyword == name) {
            Some(keyword) => Err(DsnError::Unsupported { keyword }),
            None => Err(DsnError::UnknownKeyword { name: None }),
        }
    }

    /// The keyword that somebody meant who wrote this, if it is near enough.
    pub(super) fn nearest(name: &str) -> Option<Keyword> {
        let distance = |keyword: &Keyword| edits(name, keyword.name());
        Keyword::all().min_by_key(distance).filter(|keyword| distance(keyword) <= 2)
    }

    /// The error that its value is not what it can be.
    pub(crate) fn expects(self, expected: &'static str) -> DsnError {
        DsnError::Value { keyword: self.name(), expected }
    }
}

/// How many letters have to be added, left out or changed to make one of the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
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
            ("sslmod", Some(Keyword::SslMode)),
            ("user_name", None),
            ("databse", None),
            ("passwd", Some(Keyword::Password)),
            ("hots", Some(Keyword::Host)),
            ("", None),
        ] {
            assert_eq!(Keyword::nearest(written), meant, "{written}");
        }
    }
}
