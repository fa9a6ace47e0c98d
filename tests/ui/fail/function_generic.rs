//! The scheduler could not choose a type.

#![allow(unused)]

use std::borrow::Cow;

use fastscheduler::*;

#[every(10, seconds)]
async fn of_type<T: Default>() {}

#[job]
fn of_lifetime<'a>(text: Cow<'a, str>) {}

#[job]
fn of_const<const N: usize>(numbers: [u8; N]) {}

#[job]
async fn hidden(callback: impl Fn()) {}

fn main() {}
