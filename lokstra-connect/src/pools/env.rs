//! A connection target for a program of libpq, such as `pg_dump`.

use std::process::Command;
use std::str;

use postgres::Config;
use postgres::config::{Host, SslMode};

use super::pool::{Pool, Target};
use crate::dsn::{self, Keyword};
use crate::error::ConnectError;

impl Pool {
    /// Makes a program of libpq (`pg_dump`, `psql`) that is about to start connect to where this pool
    /// leads, past the connection pooler if there is a [direct connection](Pool::direct). All of it,
    /// the password too, goes into the `PG*` variables of the program, never into its arguments, which
    /// every user of the machine can read. The `Debug` of the command shows them.
    ///
    /// PostgreSQL documentation: *32.15. Environment Variables*.
    ///
    /// # Errors
    ///
    /// If the definition of the pool is wrong.
    pub fn pass_to(&self, command: &mut Command) -> Result<(), ConnectError> {
        // A service would win over the variables: what it says is among them.
        for keyword in Keyword::all().filter(|keyword| !keyword.variable().is_empty()) {
            command.env_remove(keyword.variable());
        }
        let pool = self.direct.as_deref().unwrap_or(self);
        match &pool.target {
            Target::Dsn(dsn) => {
                let dsn = dsn.clone().and_then(|dsn| dsn.with_defaults(&dsn::process));
                let dsn = dsn.map_err(|error| pool.with_place(error.into()))?;
                for keyword in Keyword::all().filter(|keyword| *keyword != Keyword::Service) {
                    if let (false, Some(value)) = (keyword.variable().is_empty(), dsn.get(keyword))
                    {
                        command.env(keyword.variable(), value);
                    }
                }
            }
            Target::Config(config) => pass_config(config, command),
            #[cfg(feature = "config")]
            Target::Broken(error) => return Err(ConnectError::Config(error.clone())),
        }
        Ok(())
    }
}

fn pass_config(config: &Config, command: &mut Command) {
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let ports = config.get_ports().iter().map(ToString::to_string);
    let listed = |values: Vec<String>| (!values.is_empty()).then(|| values.join(","));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mode = match config.get_ssl_mode() {
        SslMode::Disable => "disable",
        SslMode::Require => "require",
        _ => "prefer",
    };
    for (keyword, value) in [
        (Keyword::Host, listed(hosts.collect())),
        (Keyword::Hostaddr, listed(addresses.collect())),
        (Keyword::Port, listed(ports.collect())),
        (Keyword::Dbname, owned(config.get_dbname())),
        (Keyword::User, owned(config.get_user())),
        (Keyword::Password, owned(config.get_password().and_then(|it| str::from_utf8(it).ok()))),
        (Keyword::Options, owned(config.get_options())),
        (Keyword::SslMode, owned(Some(mode))),
    ] {
        if let Some(value) = value {
            command.env(keyword.variable(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pool: &Pool) -> Vec<String> {
        let mut command = Command::new("pg_dump");
        pool.pass_to(&mut command).unwrap();
        assert_eq!(command.get_args().count(), 0);
        let set = command
            .get_envs()
            .filter_map(|(name, value)| Some(format!("{}={}", name.to_str()?, value?.to_str()?)));
        set.filter(|it| !it.starts_with("PGAPPNAME")).collect()
    }

    const URL: &str = "postgres://u:secret@h:1/d?sslmode=verify-full&sslrootcert=ca.pem";

    #[test]
    fn a_program_of_libpq_gets_target_password_and_tls_in_its_environment() {
        let passed = passed(&Pool::from_url(URL));
        for variable in [
            "PGDATABASE=d",
            "PGHOST=h",
            "PGPASSWORD=secret",
            "PGPORT=1",
            "PGSSLMODE=verify-full",
            "PGSSLROOTCERT=ca.pem",
            "PGUSER=u",
        ] {
            assert!(passed.iter().any(|it| it == variable), "{variable} is not in {passed:?}");
        }
    }

    #[test]
    fn a_program_of_libpq_goes_past_the_pooler() {
        let pool = Pool::from_url("postgres://pooler/d").direct(URL);
        assert!(passed(&pool).contains(&"PGHOST=h".to_owned()));
    }

    #[test]
    fn a_configuration_of_the_client_is_passed_too() {
        let config: Config = "host=h user=u password=secret sslmode=require".parse().unwrap();
        assert_eq!(
            passed(&Pool::from_config(config)),
            ["PGHOST=h", "PGPASSWORD=secret", "PGSSLMODE=require", "PGUSER=u"]
        );
    }
}
