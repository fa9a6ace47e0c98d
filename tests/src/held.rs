//! A job that runs until the test says how it ends.

use std::sync::Arc;

use fastscheduler::JobContext;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, mpsc};

/// What a job does that a test holds: attempts say that they begin, and end as
/// they are told, each by one word.
#[derive(Debug)]
pub struct Held {
    begins: mpsc::UnboundedReceiver<JobContext>,
    ends: mpsc::UnboundedSender<anyhow::Result<()>>,
}

impl Held {
    /// The held end, and the closure that is to be a job.
    pub fn new()
    -> (Self, impl Fn(JobContext) -> BoxFuture<'static, anyhow::Result<()>> + Clone + Send + Sync + 'static)
    {
        let (begun, begins) = mpsc::unbounded_channel();
        let (ends, end) = mpsc::unbounded_channel();
        let end = Arc::new(Mutex::new(end));
        let job = move |context: JobContext| -> BoxFuture<'static, anyhow::Result<()>> {
            let (begun, end) = (begun.clone(), Arc::clone(&end));
            Box::pin(async move {
                begun.send(context)?;
                end.lock().await.recv().await.unwrap_or(Ok(()))
            })
        };
        (Self { begins, ends }, job)
    }

    /// Waits until an attempt begins.
    ///
    /// # Panics
    ///
    /// If the job is gone.
    pub async fn begins(&mut self) -> JobContext {
        self.begins.recv().await.expect("the job is there")
    }

    /// Whether an attempt has begun that [`begins`](Self::begins) has not answered.
    pub fn has_begun(&mut self) -> bool {
        !self.begins.is_empty()
    }

    /// Lets the running attempt succeed.
    pub fn succeed(&self) {
        self.end(Ok(()));
    }

    /// Lets the running attempt fail.
    pub fn fail(&self, why: &'static str) {
        self.end(Err(anyhow::anyhow!(why)));
    }

    fn end(&self, result: anyhow::Result<()>) {
        self.ends.send(result).expect("the job is there");
    }
}
