//! What a test with a migrated database of its own costs: 200 tests over 12, 100 and 300 migrations, with
//! `#[lokstra::test]` and with `#[sqlx::test]`.
//!
//! ```sh
//! cargo run --manifest-path benches/Cargo.toml --release --bin test_cost    # -- 12 100 300
//! ```
//!
//! The table goes to the standard output and into `docs/performance.md`.

mod project;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bench_shared::{migrations, page, versions};
use lokstra_scratch::{Server, ServerOptions};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TESTS: usize = 200;

/// Of the machine on which this is measured.
const THREADS: &str = "2";

const ROUNDS: usize = 2;

fn main() -> Result<()> {
    let counts = std::env::args().skip(1).map(|count| count.parse());
    let mut counts = counts.collect::<std::result::Result<Vec<usize>, _>>()?;
    if counts.is_empty() {
        counts = vec![12, 100, 300];
    }
    let mut table = String::from(
        "| | migrations | 200 tests | a test | × | the first run | left: test databases | others |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut version = 0;
    for count in counts {
        let set: Vec<_> = (1..=count).map(migrations::table).collect();
        let mut subjects = Vec::new();
        for tool in &project::TOOLS {
            let server = Server::start(&ServerOptions::new())?;
            version = server.version();
            let program = project::build(tool, &set, TESTS)?;
            subjects.push((tool, program, server, Vec::new()));
        }
        // In turns, so that what else the machine does hits all of them.
        for _ in 0..ROUNDS {
            for (_, program, server, times) in &mut subjects {
                times.push(run(program, &server.url("postgres"))?);
            }
        }
        let fastest = |times: &[Duration]| times.iter().min().map_or(0.0, Duration::as_secs_f64);
        let ours = fastest(&subjects[0].3);
        for (tool, _, server, times) in &subjects {
            let usual = fastest(times);
            let (tests, others) = left(server)?;
            let _ = writeln!(
                table,
                "| {} | {count} | {usual:.1} s | {:.0} ms | {:.1} | {:.1} s | {tests} | {others} |",
                tool.name,
                usual * 1000.0 / f64::from(u16::try_from(TESTS)?),
                usual / ours,
                times[0].as_secs_f64(),
            );
        }
        eprintln!("{table}");
    }
    let section = format!(
        "Measured with `cargo run --manifest-path benches/Cargo.toml --release --bin test_cost`: {TESTS} tests of one \
         program with {THREADS} threads on 2 shared cores, PostgreSQL {version} with fsync off, `#[lokstra::test]` with \
         tokio-postgres and `#[sqlx::test]` of sqlx {} with its pool. Each test runs one query. The fastest of \
         {ROUNDS} runs, in turns; the first run of all makes lokstra's template. Others: databases that stay for the next run.\n\n\
         {table}",
        versions::of("sqlx")
    );
    println!("{section}");
    page::write("test_cost", &section)?;
    Ok(())
}

/// How long all tests take.
fn run(program: &Path, url: &str) -> Result<Duration> {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(["--test-threads", THREADS, "--quiet"]).env("DATABASE_URL", url);
    let output = command.env_remove("LOKSTRA_TEST_URL").stdin(Stdio::null()).output()?;
    let took = started.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stdout).into_owned().into());
    }
    Ok(took)
}

/// Databases of tests, and others that the tools made.
fn left(server: &Server) -> Result<(i64, i64)> {
    let row = server.client()?.query_one(
        "SELECT count(*) FILTER (WHERE is_test), count(*) FILTER (WHERE NOT is_test) FROM (
             SELECT datname ~ '^(lokstra_test|_sqlx_test)' AS is_test FROM pg_database
             WHERE datname NOT IN ('postgres', 'template0', 'template1')) d",
        &[],
    )?;
    Ok((row.get(0), row.get(1)))
}
