//! The way in: scripts and options in, findings out.

use std::sync::mpsc;
use std::thread;

use lokstra_core::Direction;

use crate::apply::{Replay, Trees, parse};
use crate::finding::{Finding, Level};
use crate::input::{Options, Script, StartsFrom};
use crate::reversal;

/// Replays scripts in the order of the slice, each up script before its down script, and reports what the
/// server would refuse. A down script is judged on the model right behind the script before it, and
/// what follows does not see it.
pub fn check(scripts: &[Script<'_>], options: &Options) -> Vec<Finding> {
    let replay = parsed_ahead(scripts, options);
    // Where a set uses tables of others, `IF NOT EXISTS` may find one of these.
    let is_existing = options.starts_from == StartsFrom::Unknown && replay.is_on_existing;
    if !is_existing || replay.findings.is_empty() {
        return replay.findings;
    }
    let options = Options { starts_from: StartsFrom::Existing, ..options.clone() };
    parsed_ahead(scripts, &options).findings
}

/// Replays the scripts, and parses the next ones meanwhile, which takes as long.
fn parsed_ahead<'s>(scripts: &'s [Script<'s>], options: &'s Options) -> Replay<'s> {
    thread::scope(|scope| {
        let (send, parsed) = mpsc::sync_channel(AHEAD);
        let parser = move || scripts.iter().try_for_each(|script| send.send(parse(script)));
        // Without a thread, each is parsed when its turn comes.
        let _ = thread::Builder::new().spawn_scoped(scope, parser);
        replay(scripts, options, |script| parsed.recv().unwrap_or_else(|_| parse(script)))
    })
}

/// How many scripts are parsed ahead.
const AHEAD: usize = 64;

fn replay<'s>(
    scripts: &'s [Script<'s>],
    options: &'s Options,
    parsed: impl Fn(&Script<'s>) -> Trees<'s>,
) -> Replay<'s> {
    let mut replay = Replay::new(scripts, options);
    let mut last_up = None;
    for (nth, script) in scripts.iter().enumerate() {
        if script.direction == Direction::Up {
            replay.catalog.settle();
            replay.calls_unknown = false;
            last_up = Some((nth, replay.catalog.mark(), replay.findings.len()));
        }
        let mark = replay.catalog.mark();
        let is_lost = replay.is_lost;
        replay.script(nth, &parsed(script));
        if script.direction == Direction::Down {
            let up = last_up.take().filter(|(up, ..)| scripts[*up].version == script.version);
            // What a script that fails leaves behind is nothing.
            if let Some((up, before, count)) = up
                && replay.findings[count..].iter().all(|it| it.level != Level::Error)
            {
                reversal::check(&mut replay, before, up, nth);
            }
            replay.catalog.undo(mark);
            replay.is_lost = is_lost;
        }
    }
    replay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PASSED;
    use crate::input::StartsFrom;

    /// Replays so many migrations of every common kind, and returns how many names were passed over in search of some.
    fn passed(count: usize) -> usize {
        let mut texts = Vec::new();
        for nth in 1..=count {
            let before = nth.max(2) - 1;
            let up = format!(
                "CREATE TABLE t{nth} (id bigserial PRIMARY KEY, name text NOT NULL DEFAULT lower('A') UNIQUE CHECK (length(name) > 1), e int);
                 CREATE INDEX ON t{nth} (name);
                 CREATE FUNCTION f{nth}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'x'; RETURN NEW; END $$;
                 CREATE TRIGGER g BEFORE UPDATE ON t{nth} FOR EACH ROW EXECUTE FUNCTION f{nth}();
                 ALTER TABLE t{nth} ADD COLUMN other bigint REFERENCES t{before} (id), DROP COLUMN e;
                 CREATE VIEW v{nth} AS SELECT a.id, b.name FROM t{nth} a JOIN t{before} b ON a.other = b.id;
                 INSERT INTO t{nth} (name) VALUES ('b') ON CONFLICT (name) DO NOTHING;
                 UPDATE t{nth} SET name = upper(name) WHERE id = 1;
                 COMMENT ON TABLE t{nth} IS 'a'"
            );
            let down = format!(
                "DROP VIEW v{nth}; ALTER TABLE t{nth} DROP COLUMN other; DROP TABLE t{nth}; DROP FUNCTION f{nth}()"
            );
            texts.push((nth as u64, Direction::Up, up));
            texts.push((nth as u64, Direction::Down, down));
        }
        let scripts: Vec<_> = texts
            .iter()
            .map(|(nth, direction, sql)| Script::new("a", *nth, *direction, sql))
            .collect();
        let options = Options { starts_from: StartsFrom::Empty, ..Options::default() };
        PASSED.set(0);
        assert_eq!(check(&scripts, &options), []);
        PASSED.get()
    }

    #[test]
    fn a_script_costs_what_is_in_it_and_not_what_is_before_it() {
        assert_eq!(passed(40), 0);
    }
}
