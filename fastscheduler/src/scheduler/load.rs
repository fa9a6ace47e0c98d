//! What was stored, and what the code declares, at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::edit::{Edit, Fires};
use super::fractions::with_fraction;
use super::matching::matched;
use super::new_job::NewJob;
use super::over::recorded_as_over;
use super::{Scheduler, SchedulerError};
use crate::engine::LiveJob;
use crate::job::{
    Declared, FunctionKey, Job, JobId, OpenFire, RescheduleCause, SkipReason, Source, Tombstone,
};
use crate::registry::Function;
use crate::storage::{Change, Durability, StorageError, Stored};

/// The fires that were open when the last process ended, by job.
type OpenFires = BTreeMap<JobId, Vec<OpenFire>>;

/// What is stored of the declarations of one function.
#[derive(Default)]
struct Known {
    jobs: Vec<Job>,
    tombstones: Vec<Tombstone>,
}

/// What the declarations change of what is stored. It is written as one batch,
/// so that a start takes one sync however many there are.
#[derive(Default)]
struct Redeclared {
    changes: Vec<Change>,
    /// The declared jobs, as they are then.
    jobs: Vec<Job>,
    /// Those that the code no longer declares.
    removed: Vec<Job>,
    /// What a person should know.
    notes: Vec<String>,
}

impl Scheduler {
    /// Restores what is stored, and makes it what the code declares.
    pub(super) async fn load(&self) -> Result<(), SchedulerError> {
        let Stored { mut jobs, mut open, tombstones } = self.0.engine.storage.load().await?;
        self.recall_minutes().await;
        self.rewind_at_start(&mut jobs, &mut open).await?;
        self.place_imported(&mut jobs).await?;
        self.apply_cron_rules(&mut jobs).await?;
        self.place_in_zone(&mut jobs).await?;
        let undeclared: Vec<&Job> = jobs.iter().filter(|job| !self.is_declared(job)).collect();
        self.0.not_added.fill(&undeclared);
        let mut open = by_job(open);
        let mut known: BTreeMap<FunctionKey, Known> = BTreeMap::new();
        for mut stone in tombstones {
            if let Some(definition) = self.by_cron_rules(&stone.declared.definition) {
                stone.declared.definition = definition;
            }
            let function = stone.declared.definition.function.clone();
            known.entry(function).or_default().tombstones.push(stone);
        }
        for job in jobs {
            if self.is_declared(&job) {
                known.entry(job.function().clone()).or_default().jobs.push(job);
            } else {
                self.restore(&job)?;
            }
        }
        let mut redeclared = Redeclared::default();
        for function in self.functions() {
            let known = known.remove(function.key()).unwrap_or_default();
            self.match_declarations(&function, known, &mut open, &mut redeclared).await?;
        }
        self.store_redeclared(redeclared).await?;
        self.reopen(open).await?;
        // Time has passed, and the limits may be others.
        self.0.engine.prune().await;
        Ok(())
    }

    /// Counts what earlier processes recorded in the last day. No job waits for that: if
    /// it cannot be read, the minutes before this start show nothing.
    async fn recall_minutes(&self) {
        if let Err(error) = self.0.engine.recall_minutes().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot count the runs of the last day");
        }
    }

    /// Whether an attribute of a function in this program declares the job, or
    /// did when it was stored.
    pub(super) fn is_declared(&self, job: &Job) -> bool {
        matches!(job.source, Source::Code | Source::Imported)
            && job.declared.is_some()
            && self.registry().get(job.function()).is_some()
    }

    /// Gives a job to the engine as it was stored.
    fn restore(&self, job: &Job) -> Result<(), SchedulerError> {
        self.note_refused_cron(job);
        if let Some(live) = self.live(job, None)? {
            self.0.engine.table.insert(Arc::new(live));
        } else {
            self.0.engine.table.add_orphan(job);
        }
        Ok(())
    }

    /// Stores what the declarations change, and restores the jobs that they make.
    async fn store_redeclared(&self, redeclared: Redeclared) -> Result<(), SchedulerError> {
        let Redeclared { changes, jobs, removed, notes } = redeclared;
        self.store_if_any(&changes).await?;
        self.0.engine.announce(&changes);
        for job in removed {
            self.note(format!("{} `{}` was removed: the code no longer declares it", job.id(), job.name()));
        }
        for note in notes {
            self.note(note);
        }
        jobs.iter().try_for_each(|job| self.restore(job))
    }

    /// Stores changes, if there are any: a start with many jobs waits for no sync
    /// of nothing.
    pub(super) async fn store_if_any(&self, changes: &[Change]) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.0.engine.apply(changes, Durability::Now).await
    }

    async fn match_declarations(
        &self,
        function: &Function,
        known: Known,
        open: &mut OpenFires,
        redeclared: &mut Redeclared,
    ) -> Result<(), SchedulerError> {
        let now = self.0.engine.clock.now();
        let Known { jobs, tombstones } = known;
        let of_jobs = jobs.iter().filter_map(Job::declared);
        let stored: Vec<&Declared> = of_jobs.chain(tombstones.iter().map(|stone| &stone.declared)).collect();
        let declared = (0..)
            .zip(function.declarations())
            .map(|(position, declaration)| {
                let job = NewJob::declared(function.key(), declaration);
                let is_named = job.given_name().is_some();
                let checked = self.check(job, now)?;
                Ok(Declared {
                    definition: checked.definition,
                    position,
                    is_named,
                    is_enabled: !checked.is_paused,
                })
            })
            .collect::<Result<Vec<_>, SchedulerError>>()?;
        let places = matched(&declared, &stored);
        let gone = jobs.iter().enumerate().filter(|(place, _)| !places.contains(&Some(*place)));
        for (_, job) in gone {
            self.remove_declared(job, SkipReason::Orphaned, open, redeclared)?;
        }
        for (declared, place) in declared.into_iter().map(Arc::new).zip(&places) {
            match place {
                Some(place) if *place < jobs.len() => {
                    self.restore_declared(&jobs[*place], &declared, now, open, redeclared).await?;
                }
                Some(place) => {
                    self.unearth(&tombstones[*place - jobs.len()], declared, now, redeclared).await?;
                }
                None => self.insert_declared(declared, now, redeclared).await?,
            }
        }
        Ok(())
    }

    /// A job that was stored and is declared.
    async fn restore_declared(
        &self,
        job: &Job,
        declared: &Arc<Declared>,
        now: DateTime<Utc>,
        open: &mut OpenFires,
        redeclared: &mut Redeclared,
    ) -> Result<(), SchedulerError> {
        // A delay counts from the start of each process.
        let is_delay = declared.definition.schedule.spec.is_counted_once();
        let edit = self.redeclared(job, declared, now)?;
        let edit = if is_delay {
            let edit = edit.unwrap_or_else(|| Edit::of(job));
            Some(Edit { fires: Fires::Renew(RescheduleCause::Schedule), ..edit })
        } else {
            edit
        };
        let mut job = job.clone();
        if let Some(mut edit) = edit {
            // A date that is over by now was missed.
            let is_past = self.compile(&edit.definition.schedule, now)?.next_after(now).is_none();
            if is_past && edit.fires != Fires::Stay {
                self.remove_declared(&job, SkipReason::Rescheduled, open, redeclared)?;
                return self.insert_declared(Arc::clone(declared), now, redeclared).await;
            }
            if edit.fires == Fires::Skip(SkipReason::Paused) && job.next_run_at.is_none() {
                edit.fires = Fires::Stay;
            }
            redeclared.changes.extend(self.revise(&mut job, edit, now)?);
        }
        redeclared.jobs.push(job);
        Ok(())
    }

    /// A job that has ended or was cancelled: it comes back if the code says
    /// something else by now.
    async fn unearth(
        &self,
        stone: &Tombstone,
        declared: Arc<Declared>,
        now: DateTime<Utc>,
        redeclared: &mut Redeclared,
    ) -> Result<(), SchedulerError> {
        let (old, new) = (&stone.declared, &declared);
        let with_fraction = with_fraction(old, new);
        let definition = with_fraction.as_ref().map_or(&old.definition, |old| &old.definition);
        if *definition == new.definition && old.is_enabled == new.is_enabled {
            if with_fraction.is_some() {
                redeclared.changes.extend(replaced(stone, &declared, now));
            }
            return Ok(());
        }
        redeclared.changes.push(Change::RemoveTombstone(stone.job));
        self.insert_declared(declared, now, redeclared).await
    }

    /// A job that is declared for the first time.
    async fn insert_declared(
        &self,
        declared: Arc<Declared>,
        now: DateTime<Utc>,
        redeclared: &mut Redeclared,
    ) -> Result<(), SchedulerError> {
        let schedule = self.compile(&declared.definition.schedule, now)?;
        let id = JobId::new(self.0.engine.storage.reserve_job_number().await?);
        let mut job = Job::new(id, Arc::clone(&declared.definition), Source::Code, now);
        job.begin_paused(!declared.is_enabled);
        job.next_run_at = schedule.next_after(now);
        job.zone = self.zone_of(&declared.definition.schedule);
        job.declared = Some(Arc::clone(&declared));
        if job.next_run_at.is_none() {
            let (changes, note) = recorded_as_over(job, &schedule, now);
            redeclared.changes.extend(changes);
            redeclared.notes.push(note);
            return Ok(());
        }
        redeclared.changes.push(Change::AddJob(Box::new(job.clone())));
        redeclared.jobs.push(job);
        Ok(())
    }

    /// A job that the code no longer declares, while its function is there.
    fn remove_declared(
        &self,
        job: &Job,
        reason: SkipReason,
        open: &mut OpenFires,
        redeclared: &mut Redeclared,
    ) -> Result<(), SchedulerError> {
        if self.0.engine.storage.is_shared() {
            // Another instance may still declare it.
            self.0.engine.table.add_orphan(job);
            return Ok(());
        }
        let open = open.remove(&job.id).unwrap_or_default();
        redeclared.changes.extend(self.removal(job.clone(), reason, &open)?);
        redeclared.removed.push(job.clone());
        Ok(())
    }

    /// Reopens the fires that were open when the last process ended.
    async fn reopen(&self, open: OpenFires) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        let mut changes = Vec::new();
        for open in open.into_values().flatten() {
            if let Some(removed) = &open.removed {
                let open = std::slice::from_ref(&open);
                changes.extend(engine.ends_without_job(&removed.definition, open, SkipReason::Cancelled));
            } else if let Some(job) = engine.table.get(open.entry.job) {
                engine.reopen(&job, open, &mut changes);
            }
            // The fires of an orphan stay open until its function is there.
        }
        self.store_if_any(&changes).await?;
        engine.announce(&changes);
        Ok(())
    }

    /// Reopens the open fires of a job that was an orphan.
    pub(super) async fn reopen_of(&self, live: &LiveJob) -> Result<(), SchedulerError> {
        let mut changes = Vec::new();
        for open in self.0.engine.storage.open_fires(live.id).await? {
            self.0.engine.reopen(live, open, &mut changes);
        }
        self.store_if_any(&changes).await?;
        self.0.engine.announce(&changes);
        Ok(())
    }

    /// Places the jobs that waited for a function. One that fails keeps none of the
    /// others waiting. It is an error only if that was the store's fault.
    pub(super) async fn place_orphans_of(&self, function: &FunctionKey) -> Result<(), SchedulerError> {
        let mut placed = Ok(());
        for id in self.0.engine.table.orphans_of(function) {
            let orphan = self.place_orphan(id).await;
            placed = placed.and(leave_behind(id, orphan));
        }
        placed.and(self.place_imported_of(function).await)
    }

    async fn place_orphan(&self, id: JobId) -> Result<(), SchedulerError> {
        let _held = self.0.engine.hold_batches().await;
        match self.stored(id).await {
            Ok(job) => self.adopt_revision(&job, None).await,
            // It was cancelled meanwhile.
            Err(SchedulerError::UnknownJob(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Leaves a job that cannot be placed without its function. Returns a failure of
/// the store, after which it is worth trying again.
pub(super) fn leave_behind(job: JobId, placed: Result<(), SchedulerError>) -> Result<(), SchedulerError> {
    match placed {
        Err(error) if !matches!(error, SchedulerError::Storage(_)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(%job, error, "cannot place the job, whose function is there now");
            Ok(())
        }
        placed => placed,
    }
}

/// The changes that have a tombstone say what the code says now. A store takes
/// one only together with the removal of its job.
fn replaced(stone: &Tombstone, declared: &Arc<Declared>, now: DateTime<Utc>) -> [Change; 3] {
    let id = stone.job;
    let mut job = Job::new(id, Arc::clone(&declared.definition), Source::Code, now);
    job.declared = Some(Arc::clone(declared));
    let tombstone = Some(Box::new(Tombstone { job: id, declared: Declared::clone(declared) }));
    [Change::RemoveTombstone(id), Change::AddJob(Box::new(job)), Change::RemoveJob { job: id, tombstone }]
}

fn by_job(open: Vec<OpenFire>) -> OpenFires {
    let mut of_jobs = OpenFires::new();
    for open in open {
        of_jobs.entry(open.entry.job).or_default().push(open);
    }
    of_jobs
}
