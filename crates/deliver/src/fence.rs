//! What the consumer knows about its membership in, whether it may commit out.
//!
//! The broker checks that a commit comes from a member of the group's present generation, and
//! never that the member owns the partition. So the machine checks before it commits.

use std::time::Duration;

use crate::rules::{Rule, keeps};

/// A consumer's place in its group when a partition was assigned to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The id that the coordinator gave it; empty when it is no member.
    pub id: String,
    /// The generation that it takes part in; below 1 when it never joined one.
    pub generation: i32,
}

/// What the consumer knows about itself right now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// Its place in the group.
    pub member: Member,
    /// Whether it knows that its partitions belong to somebody else.
    pub lost: bool,
    /// Whether it has met an error that it cannot recover from.
    pub fatal: bool,
    /// Time since it was polled.
    pub since_poll: Duration,
}

/// Why a worker must give up everything it holds and begin anew with a fresh consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fenced {
    /// It would have committed for a partition that it does not own.
    NotOwner,
    /// The group has given its partitions to somebody else.
    Lost,
    /// It is no member of the group.
    NoMember,
    /// It is another member than the one the partition was assigned to: the partition may have
    /// had another owner in between.
    AnotherMember,
    /// It was not polled for longer than the group waits.
    PollOverdue,
    /// The coordinator refused its commit: it was thrown out or replaced.
    Refused,
    /// Its client has failed for good.
    Fatal,
}

impl Fenced {
    /// The name in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOwner => "not-owner",
            Self::Lost => "lost",
            Self::NoMember => "no-member",
            Self::AnotherMember => "another-member",
            Self::PollOverdue => "poll-overdue",
            Self::Refused => "refused",
            Self::Fatal => "fatal",
        }
    }
}

/// Rule R3, for one partition that was assigned to `captured`.
pub(crate) fn check(
    captured: &Member,
    now: &Membership,
    poll_interval_max: Duration,
) -> Result<(), Fenced> {
    if !keeps(Rule::R3) {
        return Ok(());
    }
    if now.fatal {
        Err(Fenced::Fatal)
    } else if now.lost {
        Err(Fenced::Lost)
    } else if now.member.generation < 1 || now.member.id.is_empty() {
        Err(Fenced::NoMember)
    } else if now.member.id != captured.id {
        Err(Fenced::AnotherMember)
    } else if now.since_poll >= poll_interval_max {
        Err(Fenced::PollOverdue)
    } else {
        Ok(())
    }
}
