//! Requests on standard input in, child processes that never outlive us out.
//!
//! The supervisor is a process of its own. It starts every child from its main thread, because
//! the kernel ties the parent-death signal to the thread that forked. It ends when its standard
//! input closes, which happens however its parent dies; and when it dies itself, the kernel
//! kills the children. So no `kill -9` of any of our processes leaves a server behind.

mod client;
mod exec;
mod process;
mod protocol;
mod serve;

pub use client::Child;
pub(crate) use client::{Refusal, Supervisor};
pub(crate) use exec::exec;
pub(crate) use protocol::Spec;
pub use protocol::{Exit, Signal};
pub(crate) use serve::run;

/// The hidden subcommand of the supervisor: `<lock file> <pid of the owner>`.
pub(crate) const SUPERVISE: &str = "__supervise";
/// The hidden subcommand between fork and program: `<pid of the supervisor> <program> <args>`.
pub(crate) const EXEC: &str = "__exec";
