//! Values are literals, by position in `args`, by name in `kwargs`.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, args(to = "a"))]
async fn named(to: String) {}

#[every(10, seconds, kwargs("a"))]
async fn positional(to: String) {}

#[every(10, seconds, args(String::from("a")))]
async fn expression(to: String) {}

#[every(10, seconds, args(None, Some(5)))]
async fn options(a: Option<u8>, b: Option<u8>) {}

#[every(10, seconds, args('a', b"bytes"))]
async fn other_literals(a: char, b: Vec<u8>) {}

fn main() {}
