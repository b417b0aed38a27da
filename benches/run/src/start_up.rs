//! Instructions from `main` until the server has the first byte and the program waits for the answer, as
//! callgrind counts them.
//!
//! They do not depend on what else the machine does, and hardly on which thread comes first: the fewest of
//! some rounds are those that always have to be. What Rust does before `main` is left out: it reads
//! `/proc/self/maps`, where paths are as long as they are.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use bench_shared::migrations;
use bench_shared::page::thousands;

use crate::arguments::Arguments;
use crate::project;
use crate::tools::LOKSTRA;

const ROUNDS: usize = 5;

/// What the instructions of two programs may differ by that do the same. One for each of 10,000 migrations
/// is ten times as many.
const SLACK: u64 = 1_000;

/// Long enough for a program under valgrind on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Measures, and returns the section of `docs/performance.md`. Fails if what is done before the first byte
/// depends on the number of migrations.
pub(crate) fn section(arguments: &Arguments) -> Result<String, Box<dyn Error>> {
    let version = valgrind()?;
    let floor = fewest(&project::floor()?)?;
    let mut counted = Vec::new();
    for &count in &arguments.counts {
        let set: Vec<_> = (1..=count).map(migrations::function).collect();
        let program = project::tool(LOKSTRA, "functions", &set)?;
        counted.push((count, fs::metadata(&program)?.len(), fewest(&program)?));
    }
    let mut text = format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin run_cost -- \
         --start-up`: instructions from `main` until the server has the first byte and the program waits \
         for the answer, counted by callgrind ({version}), the fewest of {ROUNDS} runs.\n\n\
         | | migrations | program | instructions | difference to the client |\n\
         | --- | ---: | ---: | ---: | ---: |\n\
         | `postgres`, the client alone | | | {} | |\n",
        in_thousands(floor)
    );
    for (count, size, instructions) in &counted {
        let _ = writeln!(
            text,
            "| lokstra | {} | {}.{} MB | {} | {} |",
            thousands(*count),
            size / 1_000_000,
            size % 1_000_000 / 100_000,
            in_thousands(*instructions),
            in_thousands(instructions.saturating_sub(floor))
        );
    }
    let instructions = || counted.iter().map(|(_, _, instructions)| *instructions);
    let (least, most) = (instructions().min(), instructions().max());
    if most.zip(least).is_some_and(|(most, least)| most - least > SLACK) {
        println!("{text}");
        let what = "instructions before the first byte depend on the migrations";
        return Err(format!("more than {SLACK} {what}").into());
    }
    Ok(text)
}

fn in_thousands(count: u64) -> String {
    thousands(usize::try_from(count).unwrap_or(usize::MAX))
}

/// `valgrind-3.19.0`; installed first where it is missing and we may.
fn valgrind() -> Result<String, Box<dyn Error>> {
    let version = || Command::new("valgrind").arg("--version").output();
    let found = version().or_else(|_| {
        eprintln!("there is no valgrind: apt-get install valgrind");
        Command::new("/bin/sh").args(["-c", APT]).output().and_then(|_| version())
    });
    match found {
        Ok(output) => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Err(_) => Err("there is no `valgrind`: Debian has it in the package of that name".into()),
    }
}

const APT: &str = "
export DEBIAN_FRONTEND=noninteractive
get() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 valgrind; }
get || { apt-get update && get; }";

fn fewest(program: &Path) -> Result<u64, Box<dyn Error>> {
    let mut fewest = u64::MAX;
    for _ in 0..ROUNDS {
        fewest = fewest.min(count(program)?);
    }
    Ok(fewest)
}

/// One run, ended when a server of ours has the first byte: the program can only wait then.
fn count(program: &Path) -> Result<u64, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let counts = project::work_folder().join("callgrind.out");
    fs::remove_file(&counts).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    let url = format!("postgres://a@{}/a?sslmode=disable", listener.local_addr()?);
    let mut running = Running(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--zero-before=*::main"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(program)
            // What else is set is none of a program's, and would be looked through.
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", "/nonexistent")
            // Whether a thread has to make a heap of its own is a matter of luck.
            .env("MALLOC_ARENA_MAX", "1")
            .env("DATABASE_URL", url)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    let mut client = running.accept(&listener)?;
    client.read_exact(&mut [0])?;
    running.settle()?;
    running.terminate()?;
    let text = fs::read_to_string(&counts)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.ok_or_else(|| format!("{} has no total", counts.display()).into())
}

/// Never left behind.
struct Running(Child);

impl Running {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<std::net::TcpStream> {
        listener.set_nonblocking(true)?;
        let start = Instant::now();
        loop {
            match listener.accept() {
                Ok((client, _)) => {
                    client.set_nonblocking(false)?;
                    client.set_read_timeout(Some(PATIENCE))?;
                    return Ok(client);
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_) if start.elapsed() > PATIENCE => {
                    return Err(io::Error::other("the program does not connect"));
                }
                Err(_) => match self.0.try_wait()? {
                    Some(status) => {
                        return Err(io::Error::other(format!("valgrind ended: {status}")));
                    }
                    None => thread::sleep(Duration::from_millis(10)),
                },
            }
        }
    }

    /// Waits until none of its threads has anything to do.
    fn settle(&self) -> io::Result<()> {
        let threads = format!("/proc/{}/task", self.0.id());
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut is_idle = true;
            for thread in fs::read_dir(&threads)? {
                // Of `1234 (name) S 1 …`; a thread that has ended meanwhile is not there.
                let state = fs::read_to_string(thread?.path().join("stat")).unwrap_or_default();
                is_idle &= state.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('S'));
            }
            if is_idle {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(io::Error::other("the program does not come to rest"))
    }

    /// As the operator would, so that callgrind writes what it has.
    fn terminate(&mut self) -> io::Result<()> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
        self.0.wait().map(drop)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            self.0.kill().and_then(|()| self.0.wait()).ok();
        }
    }
}
