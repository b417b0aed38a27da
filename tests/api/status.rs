//! Where every migration stands, in one list, and that a plan says what its run does.

use insta::assert_snapshot;
use lokstra::postgres::{Client, NoTls};
use lokstra::{ErrorKind, Goal, Migrations};

use lokstra_test_support::{advisory_locks, database, set, version};

const A: (&str, &str, &str) = ("001_a", "CREATE TABLE a ();", "DROP TABLE a;");
const B: (&str, &str, &str) = ("002_b", "CREATE TABLE b ();", "DROP TABLE b;");
const HALF: (&str, &str, &str) = (
    "003_half",
    "-- lokstra: no-transaction\nCREATE TABLE c ();\nSELECT 1/0;\nCREATE TABLE d ();\n",
    "DROP TABLE c, d;",
);

#[test]
fn applied_edited_unknown_partial_and_pending() {
    let database = database();
    let mut client = database.client().unwrap();
    set(&[A, B, HALF]).up(&mut client).unwrap_err();
    let edited = ("001_a", "CREATE TABLE other ();", "DROP TABLE a;");
    let pending = ("004_d", "SELECT 1", "SELECT 1");
    assert_snapshot!(set(&[edited, HALF, pending]).status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [✓] 001: a  (edited after it was applied)
    [✓] 002: b  (unknown here)
    [ ] 003: half  (1 of 3 statements of its up script are done)
    [ ] 004: d

    Total: 4 migrations, 2 applied, 2 pending
    ");
}

#[test]
fn a_statement_that_was_cut_off() {
    let database = database();
    let up = "-- lokstra: no-transaction\nSELECT 1;\n\
              DO $$ BEGIN COMMIT; PERFORM pg_terminate_backend(pg_backend_pid()); END $$;\n";
    let set = set(&[("001_a", up, "SELECT 1")]);
    set.up_url(database.url()).unwrap_err();
    assert_snapshot!(set.status(&mut database.client().unwrap()).unwrap(), @"
    Migration Status:
    =================
    [ ] 001: a  (1 of 2 statements of its up script are done, the next one is running or was interrupted)

    Total: 1 migration, 0 applied, 1 pending
    ");
}

#[test]
fn a_partial_rollback() {
    let database = database();
    let mut client = database.client().unwrap();
    let down = "-- lokstra: no-transaction\nDROP TABLE a;\nSELECT 1/0;\n";
    let set = set(&[("001_a", "CREATE TABLE a ();", down)]);
    set.up(&mut client).unwrap();
    set.down(&mut client).unwrap_err();
    assert_snapshot!(set.status(&mut client).unwrap(), @"
    Migration Status:
    =================
    [✓] 001: a  (1 of 2 statements of its down script are done)

    Total: 1 migration, 1 applied, 0 pending
    ");
}

#[test]
fn a_role_that_may_only_read_the_history_sees_the_rest() {
    let database = database();
    let mut client = database.client().unwrap();
    let set = set(&[A, B, HALF]);
    set.up(&mut client).unwrap_err();
    let role = format!("reader_{}", database.name());
    let grant = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA lokstra_core TO {role};
         GRANT SELECT ON lokstra_core.schema_migrations TO {role}"
    );
    client.batch_execute(&grant).unwrap();
    let mut reader = database.config().user(&role).connect(NoTls).unwrap();
    let status = set.status(&mut reader).unwrap();
    assert_eq!((status.applied(), status.partial_scripts.len()), (2, 0));
    drop(reader);
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

/// A small source of chance that a failure names.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 33).unwrap() % bound
    }

    /// Of one direction of one migration; each statement fails unless the table `passing` names it.
    fn script(&mut self, name: &str, edit: u64) -> String {
        let mut text = String::new();
        if self.below(3) > 0 {
            text += "-- lokstra: no-transaction\n";
        }
        for nth in 0..=self.below(3) {
            let fails =
                format!("SELECT 1 / (SELECT count(*) FROM passing WHERE '{name}{nth}' = n)");
            let statement = match self.below(5) {
                0 if text.starts_with("--") => {
                    format!("DO $$ BEGIN COMMIT; PERFORM 1 FROM ({fails}) f; END $$;\n")
                }
                1 => format!("SELECT {edit};\n"),
                _ => format!("{fails};\n"),
            };
            text += &statement;
        }
        text
    }

    fn set(&mut self, edit: u64) -> Migrations {
        let names: Vec<_> = (1..=4).map(|nth| format!("00{nth}_t")).collect();
        let scripts: Vec<_> = (1..=4)
            .map(|n| (self.script(&format!("u{n}"), edit), self.script(&format!("d{n}"), edit)))
            .collect();
        let all: Vec<_> =
            names.iter().zip(&scripts).map(|(n, (u, d))| (n.as_str(), u, d)).collect();
        set(&all)
    }

    fn goal(&mut self) -> Goal {
        let count = std::num::NonZeroU32::new(1 + self.below(3)).unwrap();
        let at = version((1 + self.below(4)).into());
        match self.below(6) {
            0 => Goal::Latest,
            1 => Goal::Up(count),
            2 => Goal::To(at),
            3 => Goal::Down(count),
            4 => Goal::DownTo(at),
            _ => Goal::Redo,
        }
    }

    /// Lets about half of all statements pass.
    fn breaks(&mut self, client: &mut Client) {
        let passing: Vec<_> = ["u", "d"]
            .iter()
            .flat_map(|d| {
                (1..=4).flat_map(move |n| (0..3).map(move |nth| format!("('{d}{n}{nth}')")))
            })
            .filter(|_| self.below(3) > 0)
            .collect();
        let insert =
            format!("DELETE FROM passing; INSERT INTO passing VALUES {}", passing.join(","));
        client.batch_execute(&insert).unwrap();
    }
}

#[test]
fn a_plan_says_what_its_run_does_whatever_is_partial() {
    let database = database();
    let mut client = database.client().unwrap();
    client.batch_execute("CREATE TABLE passing (n text)").unwrap();
    for seed in 0..12 {
        client.batch_execute("DROP SCHEMA IF EXISTS lokstra_core CASCADE").unwrap();
        // Of two builds, the second has some statements edited.
        let builds = [Chance(seed).set(1), Chance(seed).set(2)];
        let mut chance = Chance(seed + 1_000);
        for nth in 0..15 {
            chance.breaks(&mut client);
            let build = &builds[usize::from(chance.below(6) == 0)];
            let goal = chance.goal();
            let planned = build.migrator().plan(&mut client, goal);
            let ran = build.migrator().run(&mut client, goal);
            let at = format!("seed {seed}, {nth}: {goal:?}: {planned:?} and {ran:?}");
            let (steps, failed) = match &ran {
                Ok(report) => (&report.steps, None),
                Err(error) => (&error.report().unwrap().steps, Some(error)),
            };
            let done = steps.iter().map(|step| (step.direction, step.version));
            match (planned, failed) {
                (Ok(plan), failed) => {
                    let all = plan.steps.iter().map(|s| (s.direction, s.migration.version()));
                    let all: Vec<_> = all.collect();
                    assert!(all.starts_with(&done.collect::<Vec<_>>()), "{at}");
                    match failed.map(lokstra::Error::kind) {
                        None => assert_eq!(all.len(), steps.len(), "{at}"),
                        // A script that fails, which no plan can know.
                        Some(ErrorKind::MigrationFailed(failure)) => {
                            assert_eq!(failure.version, all[steps.len()].1, "{at}");
                        }
                        Some(_) => panic!("{at}"),
                    }
                }
                (Err(refused), Some(error)) => {
                    assert_eq!(
                        (error.kind().code(), steps.len()),
                        (refused.kind().code(), 0),
                        "{at}"
                    );
                }
                (Err(_), None) => panic!("{at}"),
            }
            assert_eq!(advisory_locks(&mut client), "0");
        }
    }
}
