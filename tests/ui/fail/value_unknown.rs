//! Names that no parameter has.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, kwargs(pirority = "high"))]
async fn misspelt(priority: Option<String>) {}

#[every(10, seconds, kwargs(colour = "red"))]
async fn unknown(size: Option<u8>, shape: Option<String>) {}

#[every(10, seconds, kwargs(colour = "red"))]
async fn none() {}

#[every(10, seconds, kwargs(context = 1))]
async fn of_the_scheduler(context: JobContext) {}

fn main() {}
