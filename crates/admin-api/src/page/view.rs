//! What is known in, plain structs ready to print out; the templates print them.

pub mod advice;
pub mod audit;
pub mod changes;
pub mod connectors;
pub mod dead_letters;
pub mod draft;
pub mod frame;
pub mod gate;
pub mod generator;
pub mod health;
pub mod number;
pub mod offsets;
pub mod overview;
pub mod pager;
pub mod pipeline;
pub mod plan;
pub mod schemas;
pub mod spark;
pub mod topics;
