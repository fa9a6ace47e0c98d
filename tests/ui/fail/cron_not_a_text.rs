//! An expression is one text.

#![allow(unused)]

use fastscheduler::*;

#[cron]
async fn none() {}

#[cron(0, 9)]
async fn numbers() {}

#[cron("0 9 * * *", "0 10 * * *")]
async fn two() {}

#[cron(EXPRESSION)]
async fn constant() {}

#[cron(expression = "0 9 * * *")]
async fn named() {}

fn main() {}
