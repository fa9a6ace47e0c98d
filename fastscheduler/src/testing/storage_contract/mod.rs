//! What every store promises, one function a sentence.
pub mod sample;
