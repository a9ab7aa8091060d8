//! A seed in, what became of a small world of brokers, tables and dying sinks out.
//!
//! Everything around the machine is played here: a log, a group coordinator, consumers, workers,
//! a table, dead letters. Nothing in it is random but the dice, which the seed fixes, so that a
//! seed is one history. What the world may do to the protocol, and what it may not, is said where
//! it does it; `docs/simulation.md` has the results.

mod acts;
mod broker;
mod campaign;
mod checks;
mod client;
mod coordinator;
mod counts;
mod dice;
mod faults;
mod history;
mod inserts;
mod log;
mod process;
mod report;
mod steer;
mod table;
mod worker;
mod world;
