"use strict";

// What is shown comes from jobs, so it is put into text and never into markup.

// The prefix that the scheduler is nested at: this file is `assets/page.js` below it.
const base = new URL("..", document.currentScript.src);

const byId = (id) => document.getElementById(id);

function row(cells, status) {
  const line = document.createElement("tr");
  for (const [index, text] of cells.entries()) {
    const cell = document.createElement("td");
    cell.textContent = text ?? "";
    if (index === status) cell.dataset.status = text;
    line.append(cell);
  }
  return line;
}

function showJobs(jobs, total) {
  const cells = (job) => [
    job.job_id, job.job_name, job.group, job.schedule, job.status, job.next_run, job.run_count, job.failure_count,
  ];
  byId("jobs").replaceChildren(...jobs.map((job) => row(cells(job), 4)));
  byId("jobs-note").textContent = total > jobs.length ? `The ${jobs.length} that are due soonest, of ${total}.` : "";
}

function showFailures(letters, total) {
  const cells = (run) => [run.timestamp_readable, run.job_id, run.job_name, run.error];
  byId("failures").replaceChildren(...letters.map((run) => row(cells(run), -1)));
  byId("failures-note").textContent = total === 0 ? "None." : `${total} in all.`;
}

function showSummary(running, statistics) {
  const { total_runs: runs, total_failures: failures, uptime_readable: uptime } = statistics;
  const state = running ? `Running for ${uptime}` : "Not running";
  byId("summary").textContent = `${state} · ${runs} runs, ${failures} of them failed`;
}

function show(event) {
  const state = JSON.parse(event.data);
  showSummary(state.running, state.stats);
  showJobs(state.jobs, state.jobs_total);
  showFailures(state.dead_letters, state.dead_letter_count);
}

async function answer(path) {
  const response = await fetch(new URL(path, base));
  // The login has ended: the page itself leads to the next one.
  if (response.status === 401) location.reload();
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

// For when there are no events: the same, asked for now and then.
async function ask() {
  try {
    const [status, jobs, letters] = await Promise.all(
      ["api/status", "api/jobs?limit=1000", "api/dead-letters?limit=100"].map(answer),
    );
    showSummary(status.running, status.statistics);
    showJobs(jobs.jobs, jobs.total);
    showFailures(letters.dead_letters, letters.total);
  } catch {
    byId("summary").textContent = "No connection; trying again …";
  }
}

let asking = null;

function connect() {
  const events = new EventSource(new URL("events", base));
  events.onmessage = (event) => {
    clearInterval(asking);
    asking = null;
    show(event);
  };
  events.onerror = () => {
    asking ??= setInterval(ask, 5000);
    // A browser tries again by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 15000);
  };
  events.addEventListener("shutdown", () => {
    byId("summary").textContent = "Stopped.";
    events.close();
    setTimeout(connect, 15000);
  });
}

ask();
connect();
