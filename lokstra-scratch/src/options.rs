//! The options of a server of one's own.

/// How a server of one's own differs from the shared one.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServerOptions {
    settings: Vec<(String, String)>,
    tcp: bool,
    is_durable: bool,
    access: Option<String>,
    files: Vec<(String, String)>,
}

impl ServerOptions {
    /// Creates the settings of the shared server, reached through its socket alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a parameter of `postgresql.conf`; the last of a name counts.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps its data with temporary files and not in memory, and flushes what it commits, as a server
    /// in production does. It survives a power cut if that directory is on a disk: `TMPDIR` names it.
    pub fn durable(mut self) -> Self {
        self.is_durable = true;
        self.setting("fsync", "on").setting("full_page_writes", "on")
    }

    /// Listens on a port of 127.0.0.1, where it asks for a password (SCRAM).
    pub fn tcp(mut self, tcp: bool) -> Self {
        self.tcp = tcp;
        self
    }

    /// Lets in through TCP who these lines of `pg_hba.conf` let in, instead of everybody with a
    /// password.
    pub fn tcp_access(mut self, lines: &str) -> Self {
        self.access = Some(lines.to_owned());
        self
    }

    /// Speaks TLS with this certificate and key, and takes certificates of clients that `ca` vouches
    /// for; all in PEM form.
    pub fn tls(mut self, certificate: &str, key: &str, ca: &str) -> Self {
        for (setting, name, text) in [
            ("ssl_cert_file", "server.crt", certificate),
            ("ssl_key_file", "server.key", key),
            ("ssl_ca_file", "ca.crt", ca),
        ] {
            self.files.push((name.to_owned(), text.to_owned()));
            // Beside the directory of the data, where paths start.
            self = self.setting(setting, &format!("../{name}"));
        }
        self.setting("ssl", "on")
    }

    /// Files for the directory of the server.
    pub(crate) fn files(&self) -> &[(String, String)] {
        &self.files
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.is_durable
    }

    pub(crate) fn wants_tcp(&self) -> bool {
        self.tcp
    }

    /// The lines to add to `postgresql.conf`.
    pub(crate) fn lines(&self, socket_dir: &str, port: u16) -> String {
        let port = port.to_string();
        let address = if self.tcp { "127.0.0.1" } else { "" };
        let place = [
            ("unix_socket_directories", socket_dir),
            ("listen_addresses", address),
            ("port", &port),
        ];
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        place.into_iter().chain(BASE).chain(own).map(line).collect()
    }

    /// The `pg_hba.conf`: only those who can enter the socket's directory get in unasked, for a
    /// loopback port is open to every user of the machine.
    pub(crate) fn access(&self) -> String {
        let local = "local all all trust\nlocal replication all trust\n";
        let tcp = match (&self.access, self.tcp) {
            (Some(lines), true) => lines,
            (None, true) => "host all all 127.0.0.1/32 scram-sha-256\n",
            (_, false) => "",
        };
        format!("{local}{tcp}")
    }
}

/// Nothing here survives a power cut, and everything a crash of the server: `synchronous_commit`
/// stays on.
const BASE: [(&str, &str); 9] = [
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("shared_buffers", "64MB"),
    ("max_connections", "300"),
    ("max_prepared_transactions", "10"),
    ("password_encryption", "scram-sha-256"),
    // In the server's directory, so that it goes with it, however the server ends.
    ("dynamic_shared_memory_type", "mmap"),
    ("log_line_prefix", "%m [%p] %d "),
    ("timezone", "UTC"),
];

fn line((name, value): (&str, &str)) -> String {
    format!("{name} = '{}'\n", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_the_users_come_last() {
        let lines = ServerOptions::new().setting("fsync", "it's").lines("/run", 5432);
        assert!(lines.contains("listen_addresses = ''\n"));
        assert!(lines.ends_with("fsync = 'it''s'\n"));
    }

    #[test]
    fn a_durable_server_flushes_what_it_commits() {
        let lines = ServerOptions::new().durable().lines("/run", 5432);
        let last = |name: &str| lines.lines().rfind(|line| line.starts_with(name)).unwrap();
        assert_eq!(last("fsync"), "fsync = 'on'");
        assert_eq!(last("full_page_writes"), "full_page_writes = 'on'");
    }
}
