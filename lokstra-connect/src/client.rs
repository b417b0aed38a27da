//! What a run asks the server through: a borrowed client, or an own one that a stop gives up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::{CancelToken, SimpleQueryMessage};

use crate::blocking::run_until;
use crate::stop::{Level, Stop};

/// The part of the client that a run uses.
pub trait Ask: Send {
    fn simple_query(&mut self, sql: &str) -> Result<Answer, postgres::Error>;
    fn batch_execute(&mut self, sql: &str) -> Result<(), postgres::Error>;
    fn cancel_token(&self) -> CancelToken;
    fn is_closed(&self) -> bool;
}

pub type Client = dyn Ask;

/// Never shared: the content of an `Arc` is dropped by one function, and a `Vec` of these by a copy in
/// each part of the crate.
pub type Answer = Arc<Vec<SimpleQueryMessage>>;

impl Ask for postgres::Client {
    fn simple_query(&mut self, sql: &str) -> Result<Answer, postgres::Error> {
        postgres::Client::simple_query(self, sql).map(Arc::new)
    }

    fn batch_execute(&mut self, sql: &str) -> Result<(), postgres::Error> {
        postgres::Client::batch_execute(self, sql)
    }

    fn cancel_token(&self) -> CancelToken {
        postgres::Client::cancel_token(self)
    }

    fn is_closed(&self) -> bool {
        postgres::Client::is_closed(self)
    }
}

/// How long after [`Stop::cancel`] a server may take to answer. A cancelled statement takes milliseconds;
/// a server that is frozen, or a pooler that is paused, answers nothing for ever.
const GRACE: Duration = Duration::from_secs(3);

/// How long after a stop a question may take, so that a server that answers is listened to: what is left of
/// the run is known then.
const SHORT_GRACE: Duration = Duration::from_millis(250);

/// A client of lokstra's own. If the run can be stopped, each message is sent by a thread that the run
/// can leave behind together with the connection: the client has no way to end a wait.
pub struct OwnClient {
    /// `None` once it was given up.
    client: Option<postgres::Client>,
    token: CancelToken,
    stop: Stop,
    /// Whether nothing depends on what is sent, so that the first stop ends the wait for its answer.
    pub only_asks: bool,
}

impl OwnClient {
    pub fn new(client: postgres::Client, stop: &Stop) -> OwnClient {
        let token = client.cancel_token();
        OwnClient { client: Some(client), token, stop: stop.clone(), only_asks: false }
    }

    /// Creates a client for queries before or without a run.
    pub fn asking(client: postgres::Client, stop: &Stop) -> OwnClient {
        OwnClient { only_asks: true, ..OwnClient::new(client, stop) }
    }

    fn send(&mut self, sql: &str, how: Method) -> Result<Answer, postgres::Error> {
        let mut client = self.client.take().ok_or_else(given_up)?;
        if !self.stop.can_be_asked() {
            let answer = how(&mut client, sql);
            self.client = Some(client);
            return answer;
        }
        let sql = sql.to_owned();
        let mut is_over = self.patience();
        let done = run_until(&mut is_over, move || {
            let answer = how(&mut client, &sql);
            (client, answer)
        });
        let (client, answer) = done.ok_or_else(given_up)?;
        self.client = Some(client);
        answer
    }

    /// Whether to wait no longer.
    fn patience(&self) -> impl FnMut() -> bool + use<> {
        let (stop, first, only_asks) = (self.stop.clone(), self.stop.level(), self.only_asks);
        let (mut asked, mut cancelled): (Option<Instant>, Option<Instant>) = (None, None);
        let is_over = |since: &mut Option<Instant>, grace| {
            since.get_or_insert_with(Instant::now).elapsed() >= grace
        };
        move || {
            let level = stop.level();
            only_asks && level > first && is_over(&mut asked, SHORT_GRACE)
                || level == Level::Cancel && is_over(&mut cancelled, GRACE)
        }
    }
}

/// How a message is sent. All have the same type of answer, and so one copy of what waits for it.
type Method = fn(&mut postgres::Client, &str) -> Result<Answer, postgres::Error>;

impl Ask for OwnClient {
    fn simple_query(&mut self, sql: &str) -> Result<Answer, postgres::Error> {
        self.send(sql, |client, sql| client.simple_query(sql).map(Arc::new))
    }

    fn batch_execute(&mut self, sql: &str) -> Result<(), postgres::Error> {
        let send: Method = |client, sql| client.batch_execute(sql).map(|()| Answer::default());
        self.send(sql, send).map(drop)
    }

    fn cancel_token(&self) -> CancelToken {
        self.token.clone()
    }

    fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(postgres::Client::is_closed)
    }
}

/// "timeout waiting for server": the only error that the client lets others make, for its own crates.
fn given_up() -> postgres::Error {
    postgres::Error::__private_api_timeout()
}

/// Returns whether the wait for an answer was ended by a stop. Nothing else here waits with a limit of
/// the client's.
pub fn client_gave_up(error: &postgres::Error) -> bool {
    std::error::Error::source(error).is_none()
        && lokstra_core::text::to_string(error) == "timeout waiting for server"
}
