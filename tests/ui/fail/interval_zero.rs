//! Nothing happens every zero seconds.

#![allow(unused)]

use fastscheduler::*;

#[every(0, seconds)]
async fn zero() {}

#[every("0s")]
async fn zero_in_words() {}

#[every(-5, minutes)]
async fn negative() {}

#[every(0.0001, seconds)]
async fn too_often() {}

#[every(40000, days)]
async fn too_seldom() {}

#[once(0)]
async fn at_once() {}

fn main() {}
