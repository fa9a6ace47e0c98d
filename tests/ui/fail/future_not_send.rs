//! A job may move between threads.

#![allow(unused)]

use fastscheduler::*;

async fn pause() {}

#[every(10, seconds)]
async fn local() {
    let counter = std::rc::Rc::new(1);
    pause().await;
    drop(counter);
}

fn main() {}
