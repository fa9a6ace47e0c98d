//! Which dead letters are asked for.

use super::history_query::is_in_run;
use super::text::SoughtText;
use crate::job::{DeadLetter, JobId, RunId};

/// Which dead letters are asked for.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
/// use fastscheduler::DeadLetterQuery;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let of_group = DeadLetterQuery { group: Some("mail".to_owned()), ..DeadLetterQuery::default() };
/// assert_eq!(scheduler.find_dead_letters(&of_group).await?.total, 0);
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQuery {
    /// Letters of this job.
    pub job: Option<JobId>,
    /// Letters of jobs of this group.
    pub group: Option<String>,
    /// Letters with this text in their job's name, function, group or error, in any
    /// case.
    pub text: Option<String>,
    /// Letters whose errors have this [key](DeadLetter::error_key).
    pub error: Option<String>,
    /// Letters that were recorded before the one of this run: the page after a page that
    /// ends with it. None if there is no letter of it.
    /// [`matches`](Self::matches) takes no notice of it.
    pub before_run: Option<RunId>,
    /// The most letters; the newest are taken. 1,000 by default.
    pub limit: usize,
}

impl Default for DeadLetterQuery {
    fn default() -> Self {
        Self { job: None, group: None, text: None, error: None, before_run: None, limit: 1_000 }
    }
}

impl DeadLetterQuery {
    /// Whether a letter is asked for.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        LetterFilter::new(self).takes(letter)
    }
}

/// Some of the dead letters that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeadLetterPage {
    /// The letters, the newest first.
    pub letters: Vec<DeadLetter>,
    /// How many there are, whatever [`before_run`](DeadLetterQuery::before_run) and the
    /// limit are.
    pub total: usize,
}

/// Tells the letters that are asked for from many others.
pub(super) struct LetterFilter<'a> {
    query: &'a DeadLetterQuery,
    text: Option<SoughtText>,
}

impl<'a> LetterFilter<'a> {
    pub(super) fn new(query: &'a DeadLetterQuery) -> Self {
        Self { query, text: query.text.as_deref().map(SoughtText::new) }
    }

    pub(super) fn takes(&mut self, letter: &DeadLetter) -> bool {
        let Self { query, text } = self;
        let run = &letter.run;
        query.job.is_none_or(|job| job == run.job_id())
            && query.group.as_ref().is_none_or(|group| run.group == *group)
            && text.as_mut().is_none_or(|text| is_in_run(text, run))
            && query.error.as_ref().is_none_or(|error| letter.error_key() == *error)
    }
}

/// The letters seen so far that are asked for, of all letters from the newest on.
pub(super) struct FoundLetters<'a> {
    filter: LetterFilter<'a>,
    /// Whether the page has begun.
    is_in_page: bool,
    page: DeadLetterPage,
}

impl<'a> FoundLetters<'a> {
    pub(super) fn new(query: &'a DeadLetterQuery) -> Self {
        let is_in_page = query.before_run.is_none();
        Self { filter: LetterFilter::new(query), is_in_page, page: DeadLetterPage::default() }
    }

    pub(super) fn look_at(&mut self, letter: &DeadLetter) {
        let query = self.filter.query;
        if self.filter.takes(letter) {
            self.page.total += 1;
            if self.is_in_page && self.page.letters.len() < query.limit {
                self.page.letters.push(letter.clone());
            }
        }
        self.is_in_page |= query.before_run == Some(letter.run.run_id);
    }

    pub(super) fn finish(self) -> DeadLetterPage {
        self.page
    }
}
