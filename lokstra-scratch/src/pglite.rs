//! PGlite, PostgreSQL compiled for JavaScript, behind its socket server.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{account::Account, error::Error, home, programs::npm, server::percent_encoded};

/// With what npm says of their content. The server is built for this PGlite.
const PACKAGES: [(&str, &str, &str); 2] = [
    (
        "@electric-sql/pglite",
        "0.5.14",
        "aAQe7iArcFB2w1xtx91l3l9trxhMzD6aZf+WnosSHNhwgp70EJz80Igw/bHnW14fUEFYWPBoQ1sGom8Xc0Jttg==",
    ),
    (
        "@electric-sql/pglite-socket",
        "0.2.17",
        "ok5iCCWgKYSUStQXhumjTaXBM5/RKuoHFtQ1So+Voc3JqqLg/LJQjq5Vqfkrn7iTIDeX76mS7YUf/Z7tmyRDMQ==",
    ),
];

/// A PGlite of one's own, with a database in memory, reached through a socket. Needs Node.js and npm,
/// which fetches it into the cache.
///
/// It goes, with its directory, when this is dropped; its process ends with this one at the latest.
#[derive(Debug)]
pub struct PGlite {
    dir: PathBuf,
    child: Child,
}

impl PGlite {
    /// Starts it.
    pub fn start() -> Result<Self, Error> {
        let account = Account::current()?;
        let name = format!("pglite-{}-{}", PACKAGES[0].1, PACKAGES[1].1);
        let is_there = |dir: &Path| dir.join("node_modules").is_dir();
        let package =
            npm::cached(account, &name, is_there, |staged| npm::install(staged, &PACKAGES))?;
        let dir = std::env::temp_dir().join(home::unique());
        fs::create_dir(&dir).map_err(Error::file("create", &dir))?;
        let mut child = Command::new("node")
            .args(["--input-type=module", "--eval", include_str!("pglite.mjs")])
            .arg(dir.join(".s.PGSQL.5432"))
            // Where its imports are found.
            .current_dir(package)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::run("node"))?;
        let mut answer = String::new();
        if let Some(answers) = child.stdout.take() {
            let _ = BufReader::new(answers).read_line(&mut answer);
        }
        let pglite = Self { dir, child };
        match answer.trim_end() {
            "done" => Ok(pglite),
            _ => Err(Error::Lost { dir: pglite.dir.clone() }),
        }
    }

    /// Returns the URL of its database.
    pub fn url(&self) -> String {
        let host = percent_encoded(&self.dir.to_string_lossy());
        format!("postgres://postgres@{host}:5432/postgres")
    }
}

impl Drop for PGlite {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}
