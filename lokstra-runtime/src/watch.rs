//! A message of a script on its way: one thread waits for the answer, this one for what the server
//! raises meanwhile, and for whoever wants the run to stop.

use std::time::{Duration, Instant};

use postgres::{CancelToken, Client, NoTls};

use crate::connect::Connector;
use crate::event::{Event, Listener, tell};
use crate::notices::Notice;
use crate::off_runtime::beside;
use crate::plan::PlanStep;
use crate::session::Session;
use crate::stop::{Level, Stop};
use crate::warning::Warning;

/// How long after [`Stop::now`] a statement is cancelled at the latest.
const SLICE: Duration = Duration::from_millis(50);

/// A cancel request has no answer, and may still be on its way, or reach the server twice, when the
/// statement has ended. The server ignores one that finds the session idle.
///
/// PostgreSQL documentation: *55.2.9. Canceling Requests in Progress*.
const LATE: Duration = Duration::from_millis(500);

/// How often a cancel is asked for again while there is no answer.
const AGAIN: Duration = Duration::from_secs(1);

/// Who hears of a step while it runs, and who may stop it.
pub(crate) struct Watch<'w> {
    database: &'w str,
    step: &'w PlanStep<'w>,
    asked: &'w Stop,
    listener: Listener<'w>,
    told: Level,
}

impl<'w> Watch<'w> {
    pub(crate) fn new(
        database: &'w str,
        step: &'w PlanStep<'w>,
        asked: &'w Stop,
        listener: Listener<'w>,
    ) -> Watch<'w> {
        Watch { database, step, asked, listener, told: Level::Run }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.asked.is_now()
    }

    /// Statement `nth`, from 0, of a no-transaction script begins.
    pub(crate) fn statement(&mut self, nth: usize, total: usize) {
        let (database, step) = (self.database, self.step);
        tell(self.listener, &Event::Statement { database, step, nth: nth + 1, total });
    }

    fn notice(&mut self, Notice { severity, message }: &Notice) {
        let (database, step) = (self.database, self.step);
        tell(self.listener, &Event::Notice { database, step, severity, message });
    }

    /// Tells once of each level that was asked for. True: the statement is to be cancelled.
    fn heeds_stop(&mut self) -> bool {
        let level = self.asked.level();
        if level == self.told {
            return false;
        }
        self.told = level;
        let (database, step, cancels) = (self.database, self.step, level == Level::Now);
        tell(self.listener, &Event::Stopping { database, step, cancels });
        cancels
    }

    fn not_cancelled(&mut self, error: &postgres::Error) {
        let reason = crate::error_text::chain(error);
        let warning = Warning::NotCancelled { version: self.step.migration.version(), reason };
        tell(self.listener, &Event::Warned { database: self.database, warning: &warning });
    }
}

impl Session<'_> {
    /// Sends a message of a script and waits for its answer. Notices are passed on as they come.
    pub(crate) fn execute(
        &mut self,
        sql: &str,
        watch: &mut Watch<'_>,
    ) -> Result<(), postgres::Error> {
        let (client, notices, connector) = self.parts();
        let token = client.cancel_token();
        notices.begin();
        let mut cancelled: Option<Instant> = None;
        let work = || {
            let _answering = notices.answering();
            client.batch_execute(sql)
        };
        let answer = beside(work, &mut || {
            loop {
                let (heard, is_answered) = notices.wait(SLICE);
                for notice in &heard {
                    watch.notice(notice);
                }
                if is_answered {
                    break;
                }
                // One that comes while the server still reads the message is lost.
                let is_due = cancelled.is_some_and(|last| last.elapsed() > AGAIN);
                if watch.heeds_stop() || is_due {
                    let sent = watch.asked.cancel(&token, connector);
                    if sent.is_ok() || is_due {
                        cancelled = Some(Instant::now());
                    }
                    if let Err(error) = sent {
                        watch.not_cancelled(&error);
                    }
                }
            }
        });
        if cancelled.is_some() {
            std::thread::sleep(LATE);
        }
        answer
    }

    /// Work of ours that no script is to blame for; [`Stop::now`] cancels what it waits for. What the
    /// server raises meanwhile is nobody's business.
    pub(crate) fn cancellable<T: Send>(
        &mut self,
        stop: &Stop,
        work: impl FnOnce(&mut Client) -> T + Send,
    ) -> T {
        let (client, notices, connector) = self.parts();
        let token = client.cancel_token();
        notices.begin();
        let mut cancelled: Option<Instant> = None;
        let work = || {
            let _answering = notices.answering();
            work(client)
        };
        let done = beside(work, &mut || {
            while !notices.wait(SLICE).1 {
                if stop.is_now() && cancelled.is_none_or(|last| last.elapsed() > AGAIN) {
                    stop.cancel(&token, connector).ok();
                    cancelled = Some(Instant::now());
                }
            }
        });
        if cancelled.is_some() {
            std::thread::sleep(LATE);
        }
        done
    }
}

pub(crate) fn cancel(
    token: &CancelToken,
    connector: Option<&Connector>,
) -> Result<(), postgres::Error> {
    match connector {
        Some(connector) => connector.cancel(token),
        None => token.cancel_query(NoTls),
    }
}
