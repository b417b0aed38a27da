//! A message of a script on its way: one thread waits for the answer, this one for what the server
//! raises meanwhile, and for a request to stop the run.

use std::time::{Duration, Instant};

use lokstra_connect::blocking::run_meanwhile;
use lokstra_connect::client::Client;
use lokstra_connect::connector::Connector;
use lokstra_connect::notices::Notice;
use lokstra_connect::stop::{Level, Stop};
use lokstra_connect::tls::Tls;

use crate::event::{Event, Listener, emit};
use crate::model::run::report::StepReport;
use crate::model::run::step::PlanStep;
use crate::model::run::warning::Warning;
use crate::session::Session;
use crate::sql::sentinel::Sentinel;

/// How long after [`Stop::cancel`] a statement is cancelled at the latest.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A cancel request has no answer, and may still be on its way, or reach the server twice, when the
/// statement has ended. The server ignores one that finds the session idle.
///
/// PostgreSQL documentation: *55.2.9. Canceling Requests in Progress*.
const CANCEL_GRACE: Duration = Duration::from_millis(500);

/// How often a cancel is asked for again while there is no answer.
const CANCEL_RETRY: Duration = Duration::from_secs(1);

/// Who hears of the steps of a message while they run, and who may stop them.
pub(crate) struct Execution<'w> {
    database: &'w str,
    steps: &'w [PlanStep<'w>],
    /// What says that one of several is done.
    sentinel: Option<&'w Sentinel>,
    asked: &'w Stop,
    listener: Listener<'w>,
    reported: Level,
    /// Those that the server has said to be done.
    finished: Vec<StepReport>,
    /// Since when the one that runs does.
    since: Instant,
    /// Whether the listener knows of it.
    is_reported: bool,
    #[cfg(feature = "tracing")]
    span: Option<tracing::span::EnteredSpan>,
}

impl<'w> Execution<'w> {
    /// For a step that the listener knows of.
    pub(crate) fn new(
        database: &'w str,
        step: &'w PlanStep<'w>,
        asked: &'w Stop,
        listener: Listener<'w>,
    ) -> Execution<'w> {
        Execution {
            database,
            steps: std::slice::from_ref(step),
            sentinel: None,
            asked,
            listener,
            reported: Level::None,
            finished: Vec::new(),
            since: Instant::now(),
            is_reported: true,
            #[cfg(feature = "tracing")]
            span: None,
        }
    }

    /// For steps between which the server gives this sentinel.
    pub(crate) fn of_several(
        database: &'w str,
        steps: &'w [PlanStep<'w>],
        sentinel: &'w Sentinel,
        asked: &'w Stop,
        listener: Listener<'w>,
    ) -> Execution<'w> {
        let mut execution = Execution {
            steps,
            sentinel: Some(sentinel),
            ..Execution::new(database, &steps[0], asked, listener)
        };
        execution.running();
        execution.since = Instant::now();
        execution
    }

    /// What is done, and since when the one is running that the listener knows of.
    pub(crate) fn end(mut self, is_done: bool) -> (Vec<StepReport>, Option<Instant>) {
        while is_done && self.finished.len() < self.steps.len() {
            self.next(Instant::now());
        }
        (self.finished, self.is_reported.then_some(self.since))
    }

    /// The one that runs.
    fn step(&self) -> &'w PlanStep<'w> {
        &self.steps[self.finished.len()]
    }

    fn running(&mut self) {
        let (database, step) = (self.database, self.step());
        #[cfg(feature = "tracing")]
        {
            self.span = Some(crate::event::tracing::step(database, step));
        }
        emit(self.listener, &Event::StepStarted { database, step });
        self.is_reported = true;
    }

    /// One is done, and the next one begins. It is not reported if the run is to stop: it is cut off, or
    /// done before that.
    fn next(&mut self, at: Instant) {
        if !self.is_reported {
            self.running();
        }
        let done = StepReport::new(self.step(), at.duration_since(self.since));
        emit(self.listener, &Event::StepFinished { database: self.database, step: &done });
        #[cfg(feature = "tracing")]
        drop(self.span.take());
        self.finished.push(done);
        (self.since, self.is_reported) = (at, false);
        if self.finished.len() < self.steps.len() && !self.asked.is_asked() {
            self.running();
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.asked.cancels()
    }

    /// Statement `nth`, from 0, of a no-transaction script begins.
    pub(crate) fn statement(&mut self, nth: usize, total: usize) {
        let (database, step) = (self.database, self.step());
        emit(self.listener, &Event::Statement { database, step, nth: nth + 1, total });
    }

    fn notice(&mut self, Notice { severity, message, at, may_be_sentinel }: &Notice) {
        let is_sentinel =
            *may_be_sentinel && self.sentinel.is_some_and(|sentinel| sentinel.is_in(message));
        if is_sentinel && self.finished.len() + 1 < self.steps.len() {
            return self.next(*at);
        }
        let (database, step) = (self.database, self.step());
        emit(self.listener, &Event::Notice { database, step, severity, message });
    }

    /// Reports once each level that was asked for. True: the statement is to be cancelled.
    fn poll_stop(&mut self) -> bool {
        let level = match self.asked.level() {
            // Behind the one that was to be finished.
            Level::FinishCurrent if !self.is_reported => Level::Cancel,
            level => level,
        };
        if level <= self.reported {
            return false;
        }
        self.reported = level;
        let cancels = level == Level::Cancel;
        if self.is_reported {
            let (database, step) = (self.database, self.step());
            emit(self.listener, &Event::Stopping { database, step, cancels });
        }
        cancels
    }

    fn not_cancelled(&mut self, error: &postgres::Error) {
        let reason = lokstra_connect::error_chain::chain(error);
        let warning = Warning::NotCancelled { version: self.step().migration.version(), reason };
        emit(self.listener, &Event::Warning { database: self.database, warning: &warning });
    }
}

impl Session<'_> {
    /// Sends a message of a script and waits for its answer. Notices are passed on as they come.
    pub(crate) fn execute(
        &mut self,
        sql: &str,
        execution: &mut Execution<'_>,
    ) -> Result<(), postgres::Error> {
        let (client, notices, connector) = self.parts();
        let token = client.cancel_token();
        notices.begin();
        let mut cancelled: Option<Instant> = None;
        let work = || {
            let _answering = notices.answering();
            client.batch_execute(sql)
        };
        let answer = run_meanwhile(work, &mut || {
            let _hearing = notices.hearing();
            loop {
                let (arrived, is_answered) = notices.wait(POLL_INTERVAL);
                for notice in &arrived {
                    execution.notice(notice);
                }
                if is_answered {
                    break;
                }
                // One that comes while the server still reads the message is lost.
                let is_due = cancelled.is_some_and(|last| last.elapsed() > CANCEL_RETRY);
                if execution.poll_stop() || is_due {
                    let sent = execution.asked.send_cancel(&token, tls(connector));
                    if sent.is_ok() || is_due {
                        cancelled = Some(Instant::now());
                    }
                    if let Err(error) = sent {
                        execution.not_cancelled(&error);
                    }
                }
            }
        });
        if cancelled.is_some() {
            std::thread::sleep(CANCEL_GRACE);
        }
        answer
    }

    /// Work of ours that no script is to blame for; [`Stop::cancel`] cancels what it waits for longer than
    /// this. Notices that the server raises meanwhile are dropped.
    pub(crate) fn cancellable<T: Send>(
        &mut self,
        stop: &Stop,
        grace: Duration,
        work: impl FnOnce(&mut Client) -> T + Send,
    ) -> T {
        let (client, notices, connector) = self.parts();
        let token = client.cancel_token();
        notices.begin();
        let (started, mut cancelled) = (Instant::now(), None::<Instant>);
        let work = || {
            let _answering = notices.answering();
            work(client)
        };
        let done = run_meanwhile(work, &mut || {
            let _hearing = notices.hearing();
            while !notices.wait(POLL_INTERVAL).1 {
                let is_due = stop.cancels() && started.elapsed() > grace;
                if is_due && cancelled.is_none_or(|last| last.elapsed() > CANCEL_RETRY) {
                    stop.send_cancel(&token, tls(connector)).ok();
                    cancelled = Some(Instant::now());
                }
            }
        });
        if cancelled.is_some() {
            std::thread::sleep(CANCEL_GRACE);
        }
        done
    }
}

fn tls(connector: Option<&Connector>) -> Tls {
    connector.map_or_else(Tls::off, Connector::tls)
}
